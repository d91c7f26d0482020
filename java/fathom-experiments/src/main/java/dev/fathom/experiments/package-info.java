/**
 * What an experiment is, and how it is run. The labs themselves are in the module {@code fathom-labs}, in the packages
 * of what they learn from.
 *
 * <p>Around it are
 *
 * <ul>
 *   <li>{@link dev.fathom.experiments.book}: the pages of all experiments as a book;
 *   <li>{@link dev.fathom.experiments.training}: how one network is trained, tested and reported, for the quickstart
 *       and the labs;
 *   <li>{@link dev.fathom.experiments.pages}: what pages are made of, and what their figures are held to;
 *   <li>{@link dev.fathom.experiments.data}: the data sets and published weights, where they lie and how they are
 *       fetched;
 *   <li>{@link dev.fathom.experiments.statistics}: least squares and other small statistics that networks are compared
 *       with.
 * </ul>
 *
 * <p>All of it is what a user would write: it uses the public classes of the library and nothing else. Data sets that
 * are not in the tree come by {@code ./fathom data} and by nothing else: an experiment never reads from the network.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.experiments;
