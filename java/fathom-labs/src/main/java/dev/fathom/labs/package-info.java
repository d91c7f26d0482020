/**
 * The labs of a course on deep learning. A lab is a class in the package of what it learns from, such as
 * {@link dev.fathom.labs.images} or {@link dev.fathom.labs.translation}, with what it is made of beside it, and its
 * words in a Markdown file among the resources. What runs a lab and makes its page is {@link dev.fathom.experiments}, a
 * module of its own; {@code ./fathom lab} is a command of the module {@code fathom-cli}.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs;
