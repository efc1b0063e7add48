// libjpeg behind functions that return: its error exit is caught here.
#pragma once
#include <stddef.h>
#include <stdint.h>
