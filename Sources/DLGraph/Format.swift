/// The numbers of the .dlrt format, version 1.2, as FORMAT.md gives them. Pinned: they are only ever added to.
enum Format {
  /// 0x89 finds a transfer that cleared the eighth bit; CR LF, ^Z and LF find one that took the file for text.
  static let signature: [UInt8] = [0x89, 0x44, 0x4C, 0x52, 0x54, 0x0D, 0x0A, 0x1A, 0x0A, 0x00]
  static let major: UInt16 = 1
  static let minor: UInt16 = 2
  static let headerSize = 64
  /// Where the header's own checksum is, of all the bytes before it.
  static let headerChecksumOffset = 56
  static let sectionEntrySize = 32
  /// Sections, and large constants within the weights section, begin at multiples of this.
  static let alignment = 64
  /// Constants of fewer bytes begin at multiples of their elements' size.
  static let largeConstant = 1024
  /// Flag of a section or an entry: a reader that does not know it must refuse the file.
  static let required: UInt32 = 1
  /// Flag of a section: its bytes are an unpacked size and a block (`unpack`).
  static let packed: UInt32 = 2

  /// The index of an input or output that a node does without.
  static let absent = UInt32.max

  static func aligned(_ offset: Int, to alignment: Int = alignment) -> Int { (offset + alignment - 1) & ~(alignment - 1) }

  static func alignment(_ dtype: DType, bytes: Int) -> Int { bytes < largeConstant ? dtype.size : alignment }
}

/// Four ASCII characters, as they stand in the file.
enum SectionKind: UInt32, CaseIterable {
  case strings = 0x5352_5453
  case metadata = 0x4154_454D
  case graph = 0x4850_5247
  case tensors = 0x534E_4554
  case weights = 0x5354_4757

  var name: StaticString {
    switch self {
    case .strings: "STRS"
    case .metadata: "META"
    case .graph: "GRPH"
    case .tensors: "TENS"
    case .weights: "WGTS"
    }
  }
}

/// What a tensor of the table is.
enum TensorKind: UInt8 {
  case computed = 0
  case input = 1
  case constant = 2
}

/// How the elements of a constant are stored.
enum Encoding: UInt8 {
  case dense = 0
}

/// The type of an attribute's or metadata entry's value.
enum EntryType: UInt16 {
  case integer = 1
  case real = 2
  case integers = 3
  case reals = 4
  case text = 5
  case texts = 6

  var name: StaticString {
    switch self {
    case .integer: "integer"
    case .real: "real"
    case .integers: "integers"
    case .reals: "reals"
    case .text: "text"
    case .texts: "texts"
    }
  }
}

extension MetadataValue {
  /// "integer", "real", "integers", "reals", "text" or "texts".
  public var typeName: StaticString { entryType.name }

  var entryType: EntryType {
    switch self {
    case .integer: .integer
    case .real: .real
    case .integers: .integers
    case .reals: .reals
    case .text: .text
    case .texts: .texts
    }
  }
}
