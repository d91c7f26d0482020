package dev.fathom.serve;

import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tree.Records;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Computes requests of many threads together, which costs less than each of them alone: a matrix is read once for all
 * rows of a batch. Threads, platform or virtual, submit examples one by one; workers put those that wait into one batch
 * and run it.
 *
 * <pre>{@code
 * try (MicroBatcher batcher = new MicroBatcher(plan, Settings.of(32).delay(Duration.ofMillis(1)))) {
 *     float[] logits = batcher.predict(pixels);                   // any number of threads
 * }
 * }</pre>
 *
 * <p>A caller that counts allocations keeps a {@link Request} and uses it again: then nothing is allocated, on either
 * side. The delay is counted from the first request of a batch, and a batch that is full does not wait. Requests of a
 * plan with {@link Dim#LENGTH} go into buckets of similar lengths. The request that came first is in the batch that
 * runs first. A request that a run refuses, such as a token out of range, fails alone.
 *
 * <p>What depends on the future of a {@link #submit} runs on a worker, so let what takes long run elsewhere, by the
 * methods of {@link CompletableFuture} that end in Async.
 *
 * <p>Every input and output has the batch as its first dimension, and the length, if it has one, as its second.
 */
public final class MicroBatcher implements AutoCloseable {
    /**
     * How requests are put together.
     *
     * @param examples of a batch, at most
     * @param tokens of a batch, at most: examples times the length of their bucket
     * @param delay for which the first request of a batch waits for others
     * @param capacity requests that wait, at most
     * @param lengths of the buckets, ascending, of a plan with {@link Dim#LENGTH}; a request goes into the first that
     *     is long enough, and its true length into the plan's {@link Spec#lengths}. A plan without these takes requests
     *     of exactly these lengths
     * @param workers threads that run batches
     * @param threads of each run, or 0 for no limit
     */
    public record Settings(
            int examples, int tokens, Duration delay, int capacity, List<Integer> lengths, int workers, int threads) {
        /**
         * Checks the numbers.
         *
         * @throws IllegalArgumentException if one is below 1 ({@code threads} below 0), the delay is negative, or the
         *     lengths do not ascend
         */
        public Settings {
            Checks.atLeast("Settings", "examples", examples, 1);
            Checks.atLeast("Settings", "tokens", tokens, 1);
            Checks.atLeast("Settings", "capacity", capacity, 1);
            Checks.atLeast("Settings", "workers", workers, 1);
            Checks.atLeast("Settings", "threads", threads, 0);
            if (delay.isNegative()) {
                throw new IllegalArgumentException("Settings: delay=" + delay + " must not be negative");
            }
            lengths = List.copyOf(lengths);
            for (int i = 0; i < lengths.size(); i++) {
                if (lengths.get(i) < 1 || i > 0 && lengths.get(i) <= lengths.get(i - 1)) {
                    throw new IllegalArgumentException("Settings: lengths=" + lengths + " must ascend from 1 or more");
                }
            }
        }

        /**
         * Returns settings of so many examples in a batch at most, without a delay: a batch is what waits when a worker
         * is free. 1,024 requests may wait, and one worker uses all threads.
         */
        public static Settings of(int examples) {
            return new Settings(examples, Integer.MAX_VALUE, Duration.ZERO, 1024, List.of(), 1, 0);
        }

        /** Returns these settings with at most so many tokens in a batch. */
        public Settings tokens(int most) {
            return Records.with(this, "tokens", most);
        }

        /** Returns these settings with a delay for which the first request of a batch waits for others. */
        public Settings delay(Duration wait) {
            return Records.with(this, "delay", wait);
        }

        /** Returns these settings with at most so many requests that wait. */
        public Settings capacity(int most) {
            return Records.with(this, "capacity", most);
        }

        /** Returns these settings with buckets of these lengths. */
        public Settings lengths(Integer... ascending) {
            return Records.with(this, "lengths", List.of(ascending));
        }

        /** Returns these settings with so many threads that run batches. */
        public Settings workers(int number) {
            return Records.with(this, "workers", number);
        }

        /** Returns these settings with so many threads of each run, or 0 for no limit. */
        public Settings threads(int number) {
            return Records.with(this, "threads", number);
        }
    }

    /**
     * What a batcher has done.
     *
     * @param requests that were computed
     * @param batches in which they were
     * @param waiting that are in the queue now
     * @param rejected that found the queue full
     * @param late that were not run before their deadline
     * @param canceled that were canceled before they were run
     * @param failed that a run refused
     * @param waited how long requests were in the queue until their batch began, together
     * @param ran how long the batches took, together
     */
    public record Statistics(
            long requests,
            long batches,
            int waiting,
            long rejected,
            long late,
            long canceled,
            long failed,
            Duration waited,
            Duration ran) {}

    private final Settings settings;
    private final List<Spec> inputs;
    private final List<Spec> outputs;
    /** The bytes that an example takes of each, at length 1 where it has a length. */
    private final Rows inputRows;

    private final Rows outputRows;
    private final int[] lengths;
    /** The most examples of a batch of each bucket. */
    private final int[] most;

    private final boolean exact;
    private final Queue queue;
    private final List<Runner> runners = new ArrayList<>();
    private final Workers workers;
    private Plan plan;

    /**
     * Serves a plan, which belongs to this batcher from now on, and starts the workers.
     *
     * @throws IllegalArgumentException if an input or output has another first dimension than {@link Dim#BATCH}, the
     *     plan carries a state, or takes none of the lengths or batches of the settings
     */
    public MicroBatcher(Plan plan, Settings settings) {
        this.plan = plan;
        this.settings = settings;
        inputs = plan.inputs();
        outputs = plan.outputs();
        inputRows = Rows.of(inputs);
        outputRows = Rows.of(outputs);
        boolean free = inputs.stream().anyMatch(i -> i.has(Dim.LENGTH));
        exact = inputs.stream().noneMatch(Spec::isLengths);
        check(plan, free);
        lengths = free ? settings.lengths.stream().mapToInt(Integer::intValue).toArray() : new int[] {0};
        most = Arrays.stream(lengths)
                .map(n -> Math.max(1, Math.min(settings.examples, settings.tokens / Math.max(1, n))))
                .toArray();
        queue = new Queue(most, settings.capacity, settings.delay.toNanos());
        for (int i = 0; i < settings.workers; i++) {
            runners.add(new Runner(plan));
        }
        Runner first = runners.get(0);
        try {
            first.session(0, 1); // so that a plan that takes no such sizes says so here
            for (int b = 0; b < most.length; b++) {
                first.session(b, most[b]);
            }
        } catch (RuntimeException | Error e) {
            closeAll(first.sessions);
            throw e;
        }
        workers = new Workers(queue, Arrays.stream(most).max().orElse(1));
        runners.forEach(workers::start);
    }

    private void check(Plan checked, boolean free) {
        List<Spec> all = new ArrayList<>(inputs);
        all.addAll(outputs);
        for (Spec s : all) {
            int[] dims = s.dims();
            boolean good = dims.length > 0 && dims[0] == Dim.BATCH;
            for (int d = 1; d < dims.length; d++) {
                good &= dims[d] > 0 || dims[d] == Dim.LENGTH && d == 1;
            }
            if (!good) {
                throw new IllegalArgumentException(
                        "MicroBatcher: " + s + " must have the batch as its first dimension, and the length as its"
                                + " second if it has one; freeze a function with such inputs and outputs");
            }
        }
        if (checked.carriesState()) {
            throw new IllegalArgumentException(
                    "MicroBatcher: the plan carries a state from run to run, which belongs to"
                            + " one caller; serve it by a StreamPool");
        }
        if (free == settings.lengths.isEmpty()) {
            throw new IllegalArgumentException(
                    free
                            ? "MicroBatcher: the plan has a length but the settings have none; name some by"
                                    + " Settings.lengths, such as 16, 32, 64 and 128"
                            : "MicroBatcher: the settings have the lengths " + settings.lengths
                                    + " but no input of the plan has Dim.LENGTH; leave them out");
        }
    }

    // ---- requests

    /**
     * One example: its inputs, and its outputs once it is computed. It may be submitted again and again, and then
     * allocates nothing. One thread at a time uses it.
     *
     * <pre>{@code
     * MicroBatcher.Request request = batcher.request();
     * while (...) {
     *     request.set(pixels).run();
     *     float logit = request.output().getFloat(0);
     * }
     * }</pre>
     */
    public final class Request extends Ticket {
        private final ByteBuffer[] in = new ByteBuffer[inputs.size()];
        private final ByteBuffer[] out = new ByteBuffer[outputs.size()];
        private final boolean[] written = new boolean[inputs.size()];
        private final int longest;
        private int length;
        private long nanos;

        private Request(int length) {
            this.length = length;
            longest = length;
            for (int i = 0; i < in.length; i++) {
                in[i] = allocate(inputRows.bytes(i, length));
                written[i] = inputs.get(i).isLengths();
            }
            for (int o = 0; o < out.length; o++) {
                out[o] = allocate(outputRows.bytes(o, length));
            }
        }

        private static ByteBuffer allocate(int bytes) {
            return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
        }

        /**
         * Changes the length of this request, at most to that with which it was made; its inputs must be written again.
         *
         * @throws IllegalArgumentException if it is longer, or not positive
         * @throws IllegalStateException if the request is under way
         */
        public Request length(int steps) {
            checkMine();
            if (steps < 1 || steps > longest) {
                throw new IllegalArgumentException("length: " + steps + " steps are not within the 1 to " + longest
                        + " with which the request was made; make another by request(length)");
            }
            length = steps;
            for (int i = 0; i < in.length; i++) {
                written[i] = inputs.get(i).isLengths();
            }
            return this;
        }

        /**
         * Gives this request so much time from its next submission until it begins to run; zero for no limit, as at
         * first. What has begun is not abandoned.
         */
        public Request deadline(Duration time) {
            nanos = time.toNanos();
            return this;
        }

        /**
         * Writes all of the first input.
         *
         * @throws IllegalArgumentException if it is not F32, or there is not one value for each element
         * @throws IllegalStateException if the request is under way
         */
        public Request set(float[] values) {
            return set(inputs.get(0).name(), values);
        }

        /**
         * Writes all of the input of this name.
         *
         * @throws IllegalArgumentException if there is none, it is not F32, or there is not one value for each element
         * @throws IllegalStateException if the request is under way
         */
        public Request set(String name, float[] values) {
            ByteBuffer to = in(name, values.length, DType.F32, DType.F32);
            for (int i = 0; i < values.length; i++) {
                to.putFloat(4 * i, values[i]);
            }
            return this;
        }

        /**
         * Writes all of the first input, such as tokens.
         *
         * @throws IllegalArgumentException if it is not I32, or there is not one value for each element
         * @throws IllegalStateException if the request is under way
         */
        public Request set(int[] values) {
            return set(inputs.get(0).name(), values);
        }

        /**
         * Writes all of the input of this name, such as tokens.
         *
         * @throws IllegalArgumentException if there is none, it is not I32, or there is not one value for each element
         * @throws IllegalStateException if the request is under way
         */
        public Request set(String name, int[] values) {
            ByteBuffer to = in(name, values.length, DType.I32, DType.I32);
            for (int i = 0; i < values.length; i++) {
                to.putInt(4 * i, values[i]);
            }
            return this;
        }

        /**
         * Writes all of the input of this name, such as pixels.
         *
         * @throws IllegalArgumentException if there is none, it is neither U8 nor I8, or there is not one value for
         *     each element
         * @throws IllegalStateException if the request is under way
         */
        public Request set(String name, byte[] values) {
            in(name, values.length, DType.U8, DType.I8).put(0, values);
            return this;
        }

        /**
         * Writes all of the input of this name by the bits of its numbers.
         *
         * @throws IllegalArgumentException if there is none, it is neither F16 nor BF16, or there is not one value for
         *     each element
         * @throws IllegalStateException if the request is under way
         */
        public Request set(String name, short[] bits) {
            ByteBuffer to = in(name, bits.length, DType.F16, DType.BF16);
            for (int i = 0; i < bits.length; i++) {
                to.putShort(2 * i, bits[i]);
            }
            return this;
        }

        private ByteBuffer in(String name, int count, DType given, DType other) {
            checkMine();
            int i = find(inputs, "input", name);
            Spec spec = inputs.get(i);
            if (spec.dtype() != given && spec.dtype() != other || spec.isLengths()) {
                throw new IllegalArgumentException("set: input " + spec
                        + (spec.isLengths()
                                ? " follows from the length of the request"
                                : " was given " + given + " values")
                        + "; give " + (spec.isLengths() ? "request(length)" : spec.dtype()) + " instead");
            }
            int wants = inputRows.bytes(i, length) / spec.dtype().bytes();
            if (count != wants) {
                throw new IllegalArgumentException("set: an example of input " + spec + " takes " + wants
                        + " values but " + count + " were given; give one for each element");
            }
            written[i] = true;
            return in[i];
        }

        /**
         * Submits this request and waits for its result. If the queue is full, waits for room.
         *
         * @throws InterruptedException if the thread is interrupted while the request waits, which cancels it
         * @throws IllegalArgumentException if the run refuses an input
         * @throws IllegalStateException if an input was never written, or the batcher is closed
         * @throws DeadlineException if it was not run before its {@link #deadline}
         */
        public Request run() throws InterruptedException {
            prepare();
            if (!queue.push(this, bucket(length), nanos > 0 ? nanos : Long.MAX_VALUE)) {
                throw new DeadlineException(
                        "run: the queue was full until the deadline of the request; allow more time,"
                                + " or send fewer requests at a time");
            }
            await();
            return this;
        }

        /**
         * Submits this request, whose result {@link #result} waits for.
         *
         * @throws RejectedExecutionException if the queue is full
         * @throws IllegalStateException if an input was never written, or the batcher is closed
         */
        public Request submit() {
            prepare();
            workers.submit(this, bucket(length));
            return this;
        }

        private MicroBatcher batcher() {
            return MicroBatcher.this;
        }

        private void prepare() {
            for (int i = 0; i < written.length; i++) {
                if (!written[i]) {
                    throw new IllegalStateException(
                            "submit: input " + inputs.get(i) + " was never written; write it by request.set(\""
                                    + inputs.get(i).name() + "\", values)");
                }
            }
            limit(nanos);
        }

        /**
         * Waits until this request is done.
         *
         * @throws InterruptedException if the thread is interrupted while the request waits, which cancels it
         * @throws java.util.concurrent.CancellationException if it was canceled
         * @throws IllegalArgumentException if the run refused an input
         * @throws DeadlineException if it was not run before its {@link #deadline}
         */
        public Request result() throws InterruptedException {
            await();
            return this;
        }

        /** Cancels this request if it has not begun to run, from any thread, and returns whether it did. */
        public boolean cancel() {
            return withdraw();
        }

        /**
         * Returns the values of the first output, in native order, from the first byte on.
         *
         * @throws IllegalStateException if the request has no result
         */
        public ByteBuffer output() {
            return output(outputs.get(0).name());
        }

        /**
         * Returns the values of the output of this name, in native order, from the first byte on.
         *
         * @throws IllegalArgumentException if there is none
         * @throws IllegalStateException if the request has no result
         */
        public ByteBuffer output(String name) {
            check(state());
            int o = find(outputs, "output", name);
            return out[o].limit(outputRows.bytes(o, length)).position(0);
        }

        private void checkMine() {
            if (state() == QUEUED || state() == RUNNING) {
                throw new IllegalStateException(
                        "the request is under way; wait for it by result() before it is used again");
            }
        }

        // ---- for the worker

        private void copyIn(Session session, int row, int rows) {
            for (int i = 0; i < in.length; i++) {
                Spec spec = inputs.get(i);
                ByteBuffer to = session.inputBytes(spec.name());
                if (spec.isLengths()) {
                    to.putInt(4 * row, length);
                } else {
                    int mine = inputRows.bytes(i, length);
                    int stride = to.capacity() / rows;
                    to.put(row * stride, in[i], 0, mine);
                    for (int at = mine; at < stride; at++) {
                        to.put(row * stride + at, (byte) 0);
                    }
                }
            }
        }

        private void copyOut(Session session, int row, int rows) {
            for (int o = 0; o < out.length; o++) {
                ByteBuffer from = session.outputBytes(outputs.get(o).name());
                out[o].clear().put(0, from, row * (from.capacity() / rows), outputRows.bytes(o, length));
            }
        }
    }

    /** The bytes of one example of some inputs or outputs, at length 1, and which of them grow with the length. */
    private record Rows(int[] bytes, boolean[] grow) {
        static Rows of(List<Spec> all) {
            int[] bytes = new int[all.size()];
            boolean[] grow = new boolean[all.size()];
            for (int i = 0; i < bytes.length; i++) {
                grow[i] = all.get(i).has(Dim.LENGTH);
                bytes[i] =
                        Math.toIntExact(all.get(i).dtype().bytes() * all.get(i).elements(1, 1));
            }
            return new Rows(bytes, grow);
        }

        int bytes(int i, int length) {
            return grow[i] ? Math.multiplyExact(bytes[i], length) : bytes[i];
        }
    }

    private static int find(List<Spec> all, String kind, String name) {
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).name().equals(name)) {
                return i;
            }
        }
        throw new IllegalArgumentException("no " + kind + " is called " + name + "; there are " + all);
    }

    private int bucket(int length) {
        for (int b = 0; b < lengths.length; b++) {
            if (lengths[b] == 0 || (exact ? lengths[b] == length : lengths[b] >= length)) {
                return b;
            }
        }
        throw new IllegalArgumentException("request: no bucket takes " + length + " steps; there are those of "
                + Arrays.toString(lengths) + (exact ? ", exactly" : " and less"));
    }

    /**
     * Makes a request of a plan without {@link Dim#LENGTH}.
     *
     * @throws IllegalArgumentException if the plan has a length
     */
    public Request request() {
        if (lengths[0] != 0) {
            throw new IllegalArgumentException(
                    "request: the plan has a length; say that of the request, by" + " request(length)");
        }
        return new Request(0);
    }

    /**
     * Makes a request of so many steps.
     *
     * @throws IllegalArgumentException if no bucket takes it, or the plan has no length
     */
    public Request request(int length) {
        if (lengths[0] == 0) {
            throw new IllegalArgumentException("request: the plan has no Dim.LENGTH; use request()");
        }
        Checks.atLeast("request", "length", length, 1);
        bucket(length);
        return new Request(length);
    }

    /**
     * Computes requests of one caller, among those of others, and waits for all of them. However many there are, the
     * queue keeps room for others: the later ones wait for the earlier ones.
     *
     * @param time until which all of them must have begun, in place of their own deadlines; zero for no limit
     * @throws RejectedExecutionException if the queue has no room even for the first
     * @throws DeadlineException if one has not begun in time; those that wait are canceled then, as they are if one of
     *     them fails
     * @throws InterruptedException if the thread is interrupted while requests wait
     * @throws IllegalArgumentException if a request is of another batcher, or the run refuses an input
     * @throws IllegalStateException if an input of a request was never written, or the batcher is closed
     */
    public void run(List<Request> requests, Duration time) throws InterruptedException {
        for (Request request : requests) {
            if (request.batcher() != this) {
                throw new IllegalArgumentException(
                        "run: a request is of another batcher; make it by request() of this one");
            }
            request.prepare();
        }
        workers.run(requests, request -> bucket(request.length), time);
    }

    /**
     * Computes the first output of one example in one line, and waits for it.
     *
     * @param values of the inputs, which are F32, one array for each, of a plan without {@link Dim#LENGTH}
     * @throws InterruptedException if the thread is interrupted while the request waits, which cancels it
     * @throws IllegalArgumentException if the number of arrays or of values does not fit, or the run refuses them
     * @throws IllegalStateException if the batcher is closed
     */
    public float[] predict(float[]... values) throws InterruptedException {
        return floats(written(values).run());
    }

    /**
     * Computes the first output of one example, whose result the future has. Canceling the future cancels the request
     * if it has not begun to run.
     *
     * @param values as of {@link #predict}
     * @throws RejectedExecutionException if the queue is full
     * @throws IllegalArgumentException if the number of arrays or of values does not fit
     * @throws IllegalStateException if the batcher is closed
     */
    public CompletableFuture<float[]> submit(float[]... values) {
        Request request = written(values);
        CompletableFuture<float[]> future = new CompletableFuture<>() {
            @Override
            public boolean cancel(boolean mayInterruptIfRunning) {
                boolean canceled = super.cancel(mayInterruptIfRunning);
                request.withdraw();
                return canceled;
            }
        };
        request.onDone(() -> {
            try {
                request.check(request.state());
                future.complete(floats(request));
            } catch (RuntimeException e) {
                future.completeExceptionally(e);
            }
        });
        request.submit();
        return future;
    }

    private Request written(float[]... values) {
        if (values.length != inputs.size()) {
            throw new IllegalArgumentException("predict: " + values.length + " arrays were given but the plan has the "
                    + "inputs " + inputs + "; give one array for each");
        }
        Request request = request();
        for (int i = 0; i < values.length; i++) {
            request.set(inputs.get(i).name(), values[i]);
        }
        return request;
    }

    private static float[] floats(Request request) {
        ByteBuffer from = request.output();
        float[] result = new float[from.limit() / 4];
        for (int i = 0; i < result.length; i++) {
            result[i] = from.getFloat(4 * i);
        }
        return result;
    }

    // ---- workers

    /** Runs batches of one worker, on sessions of its own. */
    private final class Runner implements Workers.Computation {
        /** For each bucket, the session of each batch size that was needed. */
        private final @Nullable Session[][] sessions = new Session[lengths.length][];

        /** Held while a batch runs, and fair, so that a swap gets its turn between two. */
        private final ReentrantLock running = new ReentrantLock(true);

        private Plan mine;

        Runner(Plan plan) {
            mine = plan;
            for (int b = 0; b < sessions.length; b++) {
                sessions[b] = new Session[most[b] + 1];
            }
        }

        @Override
        public void compute(Ticket[] group, int first, int n) {
            running.lock();
            try {
                run(group, first, n);
            } finally {
                running.unlock();
            }
        }

        private void run(Ticket[] group, int first, int n) {
            int bucket = group[first].bucket;
            int rows = rows(n, most[bucket]);
            Session session = session(bucket, rows);
            for (int row = 0; row < rows; row++) { // rows that nobody asked for repeat the first
                Request request = (Request) group[first + (row < n ? row : 0)];
                request.copyIn(session, row, rows);
            }
            session.run();
            for (int row = 0; row < n; row++) {
                ((Request) group[first + row]).copyOut(session, row, rows);
            }
        }

        private Session session(int bucket, int rows) {
            Session session = sessions[bucket][rows];
            if (session == null) {
                session = make(mine, bucket, rows);
                sessions[bucket][rows] = session;
            }
            return session;
        }

        private Session make(Plan of, int bucket, int rows) {
            Session session = lengths[bucket] == 0 ? of.newSession(rows) : of.newSession(rows, lengths[bucket]);
            return session.threads(settings.threads);
        }

        /** Makes sessions of another plan like those that this runner has, so that no request waits for them. */
        @Nullable
        Session[][] like(Plan next) {
            @Nullable Session[][] made = new Session[sessions.length][];
            for (int b = 0; b < made.length; b++) {
                made[b] = new Session[sessions[b].length];
            }
            try {
                for (int b = 0; b < made.length; b++) {
                    for (int rows = 1; rows < made[b].length; rows++) {
                        made[b][rows] = has(b, rows) ? make(next, b, rows) : null;
                    }
                }
            } catch (RuntimeException | Error e) {
                closeAll(made);
                throw e;
            }
            return made;
        }

        private boolean has(int bucket, int rows) {
            running.lock();
            try {
                return sessions[bucket][rows] != null;
            } finally {
                running.unlock();
            }
        }

        /** Goes over to another plan and its sessions, after the batch under way. */
        void follow(Plan next, @Nullable Session[][] made) {
            running.lock();
            try {
                closeAll(sessions);
                System.arraycopy(made, 0, sessions, 0, made.length);
                mine = next;
            } finally {
                running.unlock();
            }
        }
    }

    private static void closeAll(@Nullable Session[][] sessions) {
        for (@Nullable Session[] of : sessions) {
            for (int i = 0; i < of.length; i++) {
                Session session = of[i];
                if (session != null) {
                    session.close();
                    of[i] = null;
                }
            }
        }
    }

    /** The size of a session that takes so many examples: 1, 2, 3, 4, 6, 8, 12, 16 and so on, so that few are made. */
    private static int rows(int n, int most) {
        int power = Integer.highestOneBit(n);
        int rows = n == power ? n : n <= power + power / 2 ? power + power / 2 : 2 * power;
        return Math.min(Math.max(rows, n), most);
    }

    // ---- the whole

    /**
     * Replaces the plan, which belongs to this batcher from now on. Batches under way finish on the old one, which is
     * closed when this returns, and all later ones run on the new one. No request waits longer than for the batch
     * before it.
     *
     * @throws IllegalArgumentException if it has other inputs or outputs than the plan before, or takes other sizes;
     *     the plan before then goes on
     * @throws IllegalStateException if the batcher is closed
     */
    public synchronized void swap(Plan next) {
        if (queue.closed()) {
            throw new IllegalStateException("swap: the batcher is closed; swap before the close");
        }
        Served.checkAlike("swap", plan, next);
        List<@Nullable Session[][]> made = new ArrayList<>();
        try {
            runners.forEach(runner -> made.add(runner.like(next)));
        } catch (RuntimeException | Error e) {
            made.forEach(MicroBatcher::closeAll);
            throw e;
        }
        for (int i = 0; i < made.size(); i++) {
            runners.get(i).follow(next, made.get(i));
        }
        plan.close();
        plan = next;
    }

    /** Returns how requests are put together. */
    public Settings settings() {
        return settings;
    }

    /** Returns the inputs of the plan. */
    public List<Spec> inputs() {
        return inputs;
    }

    /** Returns the native memory that the plan holds with all sessions of this batcher, in bytes. */
    public synchronized long memory() {
        return plan.memory();
    }

    /** Returns what this batcher has done. */
    public Statistics statistics() {
        return workers.statistics();
    }

    /**
     * Computes what was submitted, and then ends the workers and closes the plan. Later requests are refused. Closing
     * twice does nothing.
     *
     * @throws IllegalStateException if a worker calls it, as what depends on a future may do
     */
    @Override
    public void close() {
        workers.close();
        synchronized (this) { // no swap is under way, and none begins
            runners.forEach(runner -> closeAll(runner.sessions));
            plan.close();
        }
    }
}
