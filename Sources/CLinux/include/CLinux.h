// Linux structures and constants that Swift's Glibc module does not import.
#ifndef CLINUX_H
#define CLINUX_H
#include <stdint.h>
#endif
