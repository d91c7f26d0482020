/*
 * The tables as text, a row a line: kernels.def as "name:kinds", a letter for each word of the arguments, unary.def and binary.def as
 * "name:parameters:reads", integer.def as "name", optim.def as "name:moments:parameters". Java takes the kinds from it and compares its
 * enums with the rest.
 */
#ifndef FATHOM_TABLES_H
#define FATHOM_TABLES_H

static const char fathom_kernel_text[] =
#define I(n) "I"
#define E(n, least, count) "E"
#define F(n) "F"
#define D(n) "IIIIII"
#define P(n) "P"
#define A(n) "A"
#define Q(n) "Q"
#define B(n) "B"
#define L(n) "L"
#define W(n) "IIIIIIIIIIIIIII"
#define S(n) "S"
#define KERNEL(name, args) #name ":" args "\n"
#include "kernels.def"
    ;

#define COUNT_(none, one, two, three, four, five, six, seven, n, ...) #n
#define COUNT(...) COUNT_(0, ##__VA_ARGS__, 7, 6, 5, 4, 3, 2, 1, 0)

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

static const char fathom_rule_text[] =
#define RULE(name, moments, parameters, nanos, ...) #name ":" COUNT moments ":" COUNT parameters "\n"
#include "optim.def"
#undef RULE
    ;

#undef COUNT
#undef COUNT_

#endif
