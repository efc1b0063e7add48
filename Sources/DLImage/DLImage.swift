import DLGraph
