/**
 * Benchmarks: every claim of speed is a row here, with the peer measured in the same run.
 *
 * <p>{@link dev.fathom.bench.Main} starts one JVM per contender, with an environment of its own
 * ({@link dev.fathom.bench.Contender}), and lets them take turns ({@link dev.fathom.bench.Server}, JMH inside), so that
 * a drift of the machine meets both sides of a ratio. The peers' modules hold nothing but their benchmarks and never
 * see Fathom's classes. {@link dev.fathom.bench.Row} lists what is measured.
 *
 * <p>Rejected: JMH's own forks, which finish one contender before they start the next and give all of them one
 * environment; one JVM for all, in which libraries share threads, malloc and versions of JavaCPP; means, which a single
 * hiccup of a shared machine decides.
 */
@NullMarked
package dev.fathom.bench;

import org.jspecify.annotations.NullMarked;
