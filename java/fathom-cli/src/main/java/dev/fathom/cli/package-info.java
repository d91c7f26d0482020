/**
 * The command line of Fathom: a class for each command of {@code ./fathom}, such as {@link dev.fathom.cli.Classify},
 * with the options that several of them share ({@link dev.fathom.cli.Options}, {@link dev.fathom.cli.Folder}).
 * {@link dev.fathom.cli.Main} finds the command; what a person can do wrong (an option, a folder, a file) ends in one
 * line on standard error and an exit code: 2 for the command line, 1 for everything else, 130 after Ctrl-C.
 *
 * <p>Rejected: a configuration file (options say it shorter), colors (a report shows more).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.cli;
