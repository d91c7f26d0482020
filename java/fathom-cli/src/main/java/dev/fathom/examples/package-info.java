/**
 * A course in small programs, each on one screen and each standing on those before it: {@code ./fathom example 1} and
 * so on runs one. They use what any user of the library has, and nothing else. The package is not null-marked: a
 * program that has just asked for a gradient need not check that it is there.
 */
package dev.fathom.examples;
