/**
 * The pages of docs/catalogue: a page for each family of methods, with the formula, the picture, the source and the
 * line of code of each. The rows are written here once, next to the very calls that draw their pictures, and
 * {@code fathom docs} makes the pages of them; a test compares the rows with what the library has, so that no method is
 * missing. The page of ops is made elsewhere, from the rows that test them.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.catalogue;
