package dev.fathom.spark;

import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/** What a plan computes of rows, in sessions of a few batch sizes that are kept for the next rows. */
final class PlanAnswers implements Answers<PlanAnswers.Example> {
    /** Sessions that wait, at most: the one that waited longest is closed for another. */
    private static final int WAITING = 64;

    private final Plan plan;
    private final List<Spec> inputs;
    private final List<Spec> outputs;
    /** Whether the plan is told the lengths of sequences, so that those of several can be in one batch. */
    private final boolean padded;

    private final int threads;
    private final Deque<Session> waiting = new ArrayDeque<>();
    private boolean closed;

    /**
     * What a row has for the inputs that are no lengths.
     *
     * @param length of the sequence, or 0
     */
    record Example(List<ByteBuffer> values, int length) {}

    PlanAnswers(Path file, int threads) {
        this.threads = threads;
        plan = Plan.open(file);
        padded = plan.inputs().stream().anyMatch(Spec::isLengths);
        inputs = plan.inputs().stream().filter(spec -> !spec.isLengths()).toList();
        outputs = plan.outputs();
    }

    // ---- reading

    @Override
    public Example read(Object[] values) {
        List<ByteBuffer> read = new ArrayList<>(values.length);
        int length = 0;
        for (int i = 0; i < values.length; i++) {
            Spec input = inputs.get(i);
            ByteBuffer bytes = bytes(input, values[i]);
            int size = bytes.capacity() / input.dtype().bytes();
            long step = input.elements(1, 1);
            if (input.has(Dim.LENGTH) && size > 0 && size % step == 0 && (length == 0 || length == size / step)) {
                length = (int) (size / step);
            } else if (input.has(Dim.LENGTH)) {
                throw new IllegalArgumentException("there are " + size + " numbers for the input " + input + "; give "
                        + (length == 0 ? "a multiple of " + step : length * step + ", as other inputs have"));
            } else if (size != step) {
                throw new IllegalArgumentException(
                        "there are " + size + " numbers for the input " + input + "; give " + step);
            }
            read.add(bytes);
        }
        return new Example(read, length);
    }

    private static ByteBuffer bytes(Spec input, Object value) {
        if (value instanceof byte[] bytes) {
            return ByteBuffer.wrap(bytes);
        }
        double[] numbers = Rows.numbers(value);
        DType type = input.dtype();
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(numbers.length, type.bytes()))
                .order(ByteOrder.nativeOrder());
        for (int i = 0; i < numbers.length; i++) {
            type.put(bytes, i, numbers[i]);
            if (type.isWhole() && type.get(bytes, i) != numbers[i]) {
                throw new IllegalArgumentException("there is " + numbers[i] + " for the input " + input
                        + "; give whole numbers that " + type + " has");
            }
        }
        return bytes;
    }

    @Override
    public int length(Example example) {
        return example.length;
    }

    // ---- computing

    @Override
    public List<Object[]> answer(List<Example> examples, Options options) {
        List<Object[]> answers = new ArrayList<>(examples.size());
        for (int from = 0, to; from < examples.size(); from = to) {
            to = from + 1;
            while (to < examples.size()
                    && to - from < options.batch()
                    && (padded || examples.get(to).length == examples.get(from).length)) {
                to++;
            }
            List<Example> batch = examples.subList(from, to);
            Session session = take(rows(batch.size(), options.batch()), examples.get(to - 1).length);
            boolean fine = false;
            try {
                run(session, batch, answers);
                fine = true;
            } finally {
                give(session, fine);
            }
        }
        return answers;
    }

    /** The batch size of a session for so many examples: a power of two or the most, so that there are few. */
    private static int rows(int examples, int most) {
        int power = Integer.highestOneBit(examples);
        return Math.min(power == examples ? examples : 2 * power, most);
    }

    private void run(Session session, List<Example> batch, List<Object[]> answers) {
        int rows = session.batch();
        for (int row = 0; row < rows; row++) { // rows that nobody asked for repeat the first
            copy(batch.get(row < batch.size() ? row : 0), session, row);
        }
        session.run();
        for (int row = 0; row < batch.size(); row++) {
            Object[] values = new Object[outputs.size()];
            for (int o = 0; o < values.length; o++) {
                Spec output = outputs.get(o);
                ByteBuffer all = session.outputBytes(output.name());
                int first = row * (all.capacity() / output.dtype().bytes() / rows);
                values[o] = value(output, all, first, (int) output.elements(1, batch.get(row).length));
            }
            answers.add(values);
        }
    }

    private void copy(Example example, Session session, int row) {
        for (int i = 0; i < inputs.size(); i++) {
            ByteBuffer from = example.values.get(i);
            ByteBuffer to = session.inputBytes(inputs.get(i).name());
            int stride = to.capacity() / session.batch();
            to.put(row * stride, from, 0, from.capacity());
            for (int at = from.capacity(); at < stride; at++) {
                to.put(row * stride + at, (byte) 0);
            }
        }
        for (Spec input : plan.inputs()) {
            if (input.isLengths()) {
                session.inputBytes(input.name()).putInt(4 * row, example.length);
            }
        }
    }

    /** A number or an array of them, as a row of Spark holds it. */
    private static Object value(Spec output, ByteBuffer all, int first, int size) {
        DType type = output.dtype();
        if (output.dims().length == 1) {
            double one = type.get(all, first);
            return type.isWhole() ? (Object) (int) one : (Object) (float) one;
        }
        if (type.isWhole()) {
            int[] values = new int[size];
            for (int i = 0; i < size; i++) {
                values[i] = (int) type.get(all, first + i);
            }
            return values;
        }
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) type.get(all, first + i);
        }
        return values;
    }

    // ---- sessions

    private Session take(int rows, int length) {
        synchronized (waiting) {
            for (Iterator<Session> all = waiting.descendingIterator(); all.hasNext(); ) {
                Session session = all.next();
                if (session.batch() == rows && session.length() == Math.max(1, length)) {
                    all.remove();
                    return session;
                }
            }
        }
        return (length == 0 ? plan.newSession(rows) : plan.newSession(rows, length)).threads(threads);
    }

    private void give(Session session, boolean fine) {
        Session over = session;
        synchronized (waiting) {
            if (fine && !closed) {
                waiting.addLast(session);
                if (waiting.size() <= WAITING) {
                    return;
                }
                over = waiting.removeFirst();
            }
        }
        over.close();
    }

    @Override
    public void close() {
        synchronized (waiting) {
            closed = true;
            waiting.forEach(Session::close);
        }
        plan.close();
    }
}
