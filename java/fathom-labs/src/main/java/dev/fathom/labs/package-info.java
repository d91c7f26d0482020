/**
 * The command line: {@link dev.fathom.labs.Main} finds the experiment, the experiment trains, and what it learned is written as files that
 * anyone can open.
 *
 * <p>An experiment is what a user would write, with options: it uses the public classes of {@code dev.fathom} and {@code dev.fathom.view} and
 * nothing else. Whatever a person can do wrong (an option, a folder, a file) ends in one line on standard error and an exit code: 2 for the
 * command line, 1 for everything else, 130 after Ctrl-C.
 *
 * <p>The quickstart trains one network, a {@link dev.fathom.labs.Lab} several on the same images; both go through
 * {@link dev.fathom.labs.Training}, which leaves a folder with a page for each network. A lab is a class of a page: its images, its networks, how
 * they are taught, what is published.
 *
 * <p>{@link dev.fathom.labs.Pretrained} finds weights that others have published, and {@link dev.fathom.labs.Classify} asks such a network about
 * photographs: what cannot be read is a sentence, and the rest is answered.
 * {@link dev.fathom.labs.SeeCommand} looks into one, by {@code dev.fathom.explain}.
 *
 * <p>Data sets that are not in the tree come by {@code ./fathom data} and by nothing else: an experiment never reads from the network.
 *
 * <p>Rejected: a configuration file (options say it shorter), colours (a report shows more).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs;
