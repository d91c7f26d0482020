/**
 * The command line of Fathom. {@link dev.fathom.labs.Main} finds the command; what a person can do wrong (an option, a
 * folder, a file) ends in one line on standard error and an exit code: 2 for the command line, 1 for everything else,
 * 130 after Ctrl-C.
 *
 * <p>A command is a class of {@link dev.fathom.labs.commands}, such as {@code ./fathom classify}. A lab is a class in
 * the package of what it learns from, such as {@link dev.fathom.labs.images} or {@link dev.fathom.labs.translation},
 * with what it is made of beside it. Both stand on {@link dev.fathom.experiments}, a module of its own.
 *
 * <p>Rejected: a configuration file (options say it shorter), colors (a report shows more).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs;
