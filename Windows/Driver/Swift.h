// What swiftc reads of C.
#define APUS_IN_SWIFT
#include "Border.h"
#include "Device.h"
