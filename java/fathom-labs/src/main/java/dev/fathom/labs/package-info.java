/**
 * The command line of Fathom. {@link dev.fathom.labs.Main} finds the command; what a person can do wrong (an option, a
 * folder, a file) ends in one line on standard error and an exit code: 2 for the command line, 1 for everything else,
 * 130 after Ctrl-C.
 *
 * <p>The folders, each of which stands on those after it:
 *
 * <ul>
 *   <li>{@link dev.fathom.labs.commands}: one class for each command, such as {@code ./fathom classify};
 *   <li>{@link dev.fathom.labs.images}, {@link dev.fathom.labs.reviews}, {@link dev.fathom.labs.characters},
 *       {@link dev.fathom.labs.translation}, {@link dev.fathom.labs.series}, {@link dev.fathom.labs.memory},
 *       {@link dev.fathom.labs.sound} and {@link dev.fathom.labs.regression}: one class for each lab, such as
 *       {@code ./fathom lab fgsm}, and what it is made of;
 *   <li>{@link dev.fathom.labs.statistics}: least squares and other small statistics that networks are compared with;
 *   <li>{@link dev.fathom.labs.experiments}: what a lab is, and how it is run;
 *   <li>{@link dev.fathom.labs.training}: how one network is trained, tested and reported, for the quickstart and the
 *       labs;
 *   <li>{@link dev.fathom.labs.pages}: what pages are made of;
 *   <li>{@link dev.fathom.labs.data}: the data sets and published weights, where they lie and how they are fetched.
 * </ul>
 *
 * <p>All of it is what a user would write, with options: it uses the public classes of {@code dev.fathom} and
 * {@code dev.fathom.view} and nothing else. Data sets that are not in the tree come by {@code ./fathom data} and by
 * nothing else: an experiment never reads from the network.
 *
 * <p>Rejected: a configuration file (options say it shorter), colors (a report shows more).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs;
