package dev.fathom.serve;

import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.serve.MicroBatcher.Statistics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A function of many examples that is called once for what many threads ask at the same time, such as that of a model
 * of texts:
 *
 * <pre>{@code
 * try (var batcher = new FunctionBatcher<String, float[]>(
 *         texts -> List.of(embedder.embed(texts)), Settings.of(32))) {
 *     float[] vector = batcher.apply("How do I reset my password?");   // any number of threads
 * }
 * }</pre>
 *
 * <p>It is to plain functions what {@link MicroBatcher} is to plans: the delay is counted from the first example of a
 * call, the example that came first is in the call that comes first, and an example that the function refuses fails
 * alone.
 *
 * @param <T> an example
 * @param <R> its result
 */
public final class FunctionBatcher<T, R> implements AutoCloseable {
    private final Function<List<T>, List<R>> function;
    private final Queue queue;
    private final Workers workers;

    private final class Call extends Ticket {
        private final T example;
        private @Nullable R result;

        Call(T example) {
            this.example = example;
        }
    }

    /**
     * Starts the workers, which call the function.
     *
     * @param function gives a result for each example, in their order; as many threads call it at a time as there are
     *     workers
     * @param settings the examples of a call, the delay, the capacity and the workers
     * @throws IllegalArgumentException if the settings have tokens, lengths or threads, of which a function knows
     *     nothing
     */
    public FunctionBatcher(Function<List<T>, List<R>> function, Settings settings) {
        if (settings.tokens() != Integer.MAX_VALUE || !settings.lengths().isEmpty() || settings.threads() != 0) {
            throw new IllegalArgumentException("FunctionBatcher: " + settings + " has tokens, lengths or threads, of"
                    + " which a function knows nothing; leave them out");
        }
        this.function = function;
        queue = new Queue(
                new int[] {settings.examples()},
                settings.capacity(),
                settings.delay().toNanos());
        workers = new Workers(queue, settings.examples());
        for (int i = 0; i < settings.workers(); i++) {
            workers.start(this::compute);
        }
    }

    @SuppressWarnings("unchecked") // the queue has no other tickets
    private void compute(Ticket[] group, int first, int n) {
        List<T> examples = new ArrayList<>(n);
        for (int i = first; i < first + n; i++) {
            examples.add(((Call) group[i]).example);
        }
        List<R> results = function.apply(examples);
        if (results.size() != n) {
            throw new IllegalStateException("FunctionBatcher: the function gave " + results.size() + " results for " + n
                    + " examples; it must give one for each");
        }
        for (int i = 0; i < n; i++) {
            ((Call) group[first + i]).result = results.get(i);
        }
    }

    /**
     * Computes one example and waits for its result. If the queue is full, waits for room.
     *
     * @throws InterruptedException if the thread is interrupted while the example waits
     * @throws IllegalArgumentException if the function refuses the example
     * @throws IllegalStateException if the batcher is closed, or the function fails otherwise
     */
    public R apply(T example) throws InterruptedException {
        Call call = new Call(example);
        queue.push(call, 0, Long.MAX_VALUE);
        call.await();
        return result(call);
    }

    /**
     * Computes examples, among those of other threads, and waits for all results. However many there are, the queue
     * keeps room for others: the later ones wait for the earlier ones.
     *
     * @param time until which all of them must have begun; zero for no limit
     * @return the results in the order of the examples
     * @throws java.util.concurrent.RejectedExecutionException if the queue has no room even for the first
     * @throws DeadlineException if one was not begun in time; what has not begun is canceled then, as it is if one of
     *     them fails
     * @throws InterruptedException if the thread is interrupted while examples wait
     * @throws IllegalArgumentException if the function refuses an example
     * @throws IllegalStateException if the batcher is closed, or the function fails otherwise
     */
    public List<R> apply(List<T> examples, Duration time) throws InterruptedException {
        List<Call> calls = examples.stream().map(Call::new).toList();
        workers.run(calls, call -> 0, time);
        List<R> results = new ArrayList<>(calls.size());
        for (Call call : calls) {
            results.add(result(call));
        }
        return results;
    }

    @SuppressWarnings("NullAway") // the function gave it
    private R result(Call call) {
        return call.result;
    }

    /** Returns what this batcher has done; a batch is a call of the function. */
    public Statistics statistics() {
        return workers.statistics();
    }

    /**
     * Computes what was submitted, and then ends the workers. Later examples are refused. Closing twice does nothing.
     *
     * @throws IllegalStateException if the function calls it
     */
    @Override
    public void close() {
        workers.close();
    }
}
