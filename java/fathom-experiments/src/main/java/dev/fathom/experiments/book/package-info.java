/** The book: all labs chapter by chapter, with what a course claims, what was measured, the pictures and the code. */
@org.jspecify.annotations.NullMarked
package dev.fathom.experiments.book;
