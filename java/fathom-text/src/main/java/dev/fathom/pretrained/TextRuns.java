package dev.fathom.pretrained;

import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Tensor;
import dev.fathom.tokenizer.EncodedText;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A frozen net over texts. As many texts as fit lie side by side in one run, and sessions of a few sizes are kept for
 * the next ones. Any number of threads may run texts beside each other.
 */
final class TextRuns implements AutoCloseable {
    /** So many texts at most are in a run where nothing else is said; those that are not there have no tokens. */
    static final int TEXTS = 64;
    /** A run takes no further text when it has so many tokens: more would leave the caches, fewer cost more calls. */
    private static final int TOKENS = 512;
    /** Sessions are kept for runs that come later, at most so many. */
    private static final int KEPT = 64;

    /** The weights of a text's tokens, by which their vectors are added. */
    interface Weights {
        /** Puts them from place {@code at} on. */
        void put(EncodedText text, FloatBuffer to, int at);
    }

    /** The weights of a pooling. */
    static Weights weights(Pooling pooling) {
        return (text, to, at) -> pooling.weights(text.size(), to, at);
    }

    /** What is computed of texts: one row for each of them, or one for each token. */
    interface Function<N extends Net> {
        /** Computes it, where {@code weights}, F32 [tokens], are those of {@link Weights}. */
        Tensor of(N net, TextBatch texts, Tensor weights);
    }

    /** Takes the results of a text. */
    interface Reader {
        /**
         * Reads the results of text {@code text}, which is number {@code place} of its run and begins at {@code start}.
         */
        void read(FloatBuffer results, int text, int place, int start);
    }

    private final Plan plan;
    private final int context;
    private final int most;
    private final Weights weights;
    private final Speed speed = new Speed();
    private final Map<Integer, Deque<Run>> free = new HashMap<>();
    private int kept;
    private boolean closed;
    private volatile int threads;

    /** A session of so many tokens, and the places of its inputs. */
    private record Run(
            int tokens,
            Session session,
            IntBuffer ids,
            IntBuffer types,
            IntBuffer places,
            IntBuffer owners,
            IntBuffer lengths,
            FloatBuffer weights) {
        static Run of(Session s, int tokens) {
            return new Run(
                    tokens,
                    s,
                    s.intInput("ids"),
                    s.intInput("types"),
                    s.intInput("places"),
                    s.intInput("owners"),
                    s.intInput("lengths"),
                    s.input("weights"));
        }
    }

    /**
     * Makes runs of at most {@code most} texts, each of at most {@code context} tokens. The plan takes the model over,
     * which is closed.
     */
    <N extends Net> TextRuns(Model<N> model, int context, int most, Weights weights, Function<N> function) {
        this.context = context;
        this.most = most;
        this.weights = weights;
        plan = Plan.consume(
                model,
                (net, in) -> function.of(net, new TextBatch(in[0], in[1], in[2], in[3], in[4]), in[5]),
                Spec.of("ids", DType.I32, 1, Dim.LENGTH).length(1, Math.max(TOKENS, size(context))),
                Spec.of("types", DType.I32, 1, Dim.LENGTH),
                Spec.of("places", DType.I32, Dim.LENGTH),
                Spec.of("owners", DType.I32, Dim.LENGTH),
                Spec.of("lengths", DType.I32, most),
                Spec.of("weights", DType.F32, Dim.LENGTH));
    }

    /** The size of the session for so many tokens: at most an eighth more than they are. */
    private static int size(int tokens) {
        int step = Math.max(1, Integer.highestOneBit(tokens) / 8);
        return (tokens + step - 1) / step * step;
    }

    /**
     * Runs the net over texts, each of which has at most the tokens of the context, and counts how long that took.
     *
     * @param begin when the work on these texts began, by {@link System#nanoTime}
     * @throws IllegalArgumentException if a text is longer
     * @throws IllegalStateException if it was closed
     */
    void run(long begin, List<EncodedText> texts, Reader reader) {
        long sum = 0;
        for (int from = 0, to; from < texts.size(); from = to) {
            int tokens = 0;
            for (to = from; to < texts.size() && to - from < most; to++) {
                int more = texts.get(to).size();
                if (more > context) {
                    throw new IllegalArgumentException("text " + to + " has " + more + " tokens but this net takes at"
                            + " most " + context + "; cut it");
                }
                if (to > from && tokens + more > TOKENS) {
                    break;
                }
                tokens += more;
            }
            Run run = take(size(Math.max(tokens, 1)));
            boolean fine = false;
            try {
                run(run, texts, from, to, reader);
                fine = true;
            } finally {
                give(run, fine);
            }
            sum += tokens;
        }
        speed.add(sum, begin);
    }

    /** Limits each later run to this many threads; 0 for no limit. */
    void threads(int limit) {
        threads = limit;
    }

    /** Returns how many tokens a second were read so far. */
    double tokensPerSecond() {
        return speed.perSecond();
    }

    private void run(Run run, List<EncodedText> texts, int from, int to, Reader reader) {
        int start = 0;
        for (int i = from; i < to; i++) {
            EncodedText text = texts.get(i);
            int n = text.size();
            run.ids.put(start, text.ids());
            run.types.put(start, text.typeIds());
            for (int t = 0; t < n; t++) {
                run.places.put(start + t, t);
                run.owners.put(start + t, i - from);
            }
            weights.put(text, run.weights, start);
            run.lengths.put(i - from, n);
            start += n;
        }
        for (int t = start; t < run.tokens; t++) {
            run.ids.put(t, 0);
            run.types.put(t, 0);
            run.places.put(t, 0);
            run.owners.put(t, 0);
            run.weights.put(t, 0);
        }
        for (int i = to - from; i < most; i++) {
            run.lengths.put(i, 0);
        }
        run.session.threads(threads).run();
        FloatBuffer results = run.session.output();
        start = 0;
        for (int i = from; i < to; i++) {
            reader.read(results, i, i - from, start);
            start += texts.get(i).size();
        }
    }

    private Run take(int size) {
        synchronized (free) {
            if (closed) {
                throw new IllegalStateException("this model was closed; use it before its close");
            }
            Deque<Run> these = free.get(size);
            if (these != null && !these.isEmpty()) {
                kept--;
                return these.pop();
            }
        }
        return Run.of(plan.newSession(1, size), size);
    }

    private void give(Run run, boolean fine) {
        synchronized (free) {
            if (fine && !closed && kept < KEPT) {
                kept++;
                free.computeIfAbsent(run.tokens, size -> new ArrayDeque<>()).push(run);
                return;
            }
        }
        run.session.close();
    }

    /** Closes the plan and the sessions; those that run are closed when they are through. */
    @Override
    public void close() {
        synchronized (free) {
            if (!closed) {
                closed = true;
                free.values().forEach(runs -> runs.forEach(run -> run.session.close()));
                plan.close();
            }
        }
    }
}
