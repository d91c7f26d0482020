/** JSON as a tree, for the module's own files of settings. */
@org.jspecify.annotations.NullMarked
package dev.fathom.json;
