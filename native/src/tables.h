/*
 * The rows of unary.def and binary.def as text, "name:parameters:reads", and of integer.def, "name", a row a line: Java compares its
 * enums with it.
 */
#ifndef FATHOM_TABLES_H
#define FATHOM_TABLES_H

#define COUNT_(none, one, two, n, ...) #n
#define COUNT(...) COUNT_(0, ##__VA_ARGS__, 2, 1, 0)

static const char fathom_unary_text[] =
#define UNARY(name, parameters, f, back, reads) #name ":" COUNT parameters ":" #reads "\n"
#include "unary.def"
#undef UNARY
    ;

static const char fathom_binary_text[] =
#define BINARY(name, parameters, f, da, db, reads) #name ":" COUNT parameters ":" #reads "\n"
#include "binary.def"
#undef BINARY
    ;

static const char fathom_integer_text[] =
#define INTEGER(name, f) #name "\n"
#include "integer.def"
#undef INTEGER
    ;

#undef COUNT
#undef COUNT_

#endif
