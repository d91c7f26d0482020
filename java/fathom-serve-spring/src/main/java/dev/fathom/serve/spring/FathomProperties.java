package dev.fathom.serve.spring;

import dev.fathom.serve.MicroBatcher.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The settings of an application that begin with {@code fathom}.
 *
 * @param file File of plans to serve.
 * @param plan Name of the plan to serve, where the file has several.
 * @param mapped Whether the file is mapped, so that processes share its weights; otherwise it is read and compared with
 *     its checksums.
 * @param sessions Number of sessions of a pool, which then serves the plan in place of a batcher.
 * @param batch How a batcher puts requests together.
 */
@ConfigurationProperties("fathom")
public record FathomProperties(
        @Nullable Path file,
        @Nullable String plan,
        @DefaultValue("true") boolean mapped,
        @DefaultValue("0") int sessions,
        @DefaultValue Batch batch) {
    /**
     * How a batcher puts requests together, as {@link Settings} says.
     *
     * @param examples Examples of a batch, at most.
     * @param tokens Tokens of a batch, at most.
     * @param delay Time for which the first request of a batch waits for others.
     * @param capacity Requests that wait, at most.
     * @param lengths Lengths of the buckets, ascending, of a plan of sequences.
     * @param workers Threads that run batches.
     * @param threads Threads of each run, or 0 for no limit.
     */
    public record Batch(
            @DefaultValue("32") int examples,
            @DefaultValue("2147483647") int tokens,
            @DefaultValue("0ms") Duration delay,
            @DefaultValue("1024") int capacity,
            @DefaultValue List<Integer> lengths,
            @DefaultValue("1") int workers,
            @DefaultValue("0") int threads) {
        Settings settings() {
            return new Settings(examples, tokens, delay, capacity, lengths, workers, threads);
        }
    }
}
