package dev.fathom.serve.http;

import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Spec;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.MicroBatcher.Request;
import dev.fathom.serve.MicroBatcher.Settings;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;

/** A plan under the name by which a service knows it, with the names of its classes if it has any. */
public final class ServedModel implements AutoCloseable {
    private final String name;
    private final List<Spec> given;
    private final List<Spec> outputs;
    private final List<String> classes;
    private final MicroBatcher batcher;

    /**
     * Serves a plan, which belongs to this from now on, in batches.
     *
     * @param name letters, digits, dots, hyphens and underscores
     * @throws IllegalArgumentException if the name has others, or as {@link MicroBatcher}
     */
    public ServedModel(String name, Plan plan, Settings settings) {
        this(name, plan, settings, List.of());
    }

    /**
     * Serves a plan of a classifier, which belongs to this from now on: answers name the most probable classes.
     *
     * @param name letters, digits, dots, hyphens and underscores
     * @param classes what each logit of the first output stands for
     * @throws IllegalArgumentException if the name has others, there is not a class for each logit, or as
     *     {@link MicroBatcher}
     */
    public ServedModel(String name, Plan plan, Settings settings, List<String> classes) {
        this.name = checked("ServedModel", name);
        this.classes = List.copyOf(classes);
        given = plan.inputs().stream().filter(input -> !input.isLengths()).toList();
        outputs = plan.outputs();
        if (!classes.isEmpty()) {
            int[] dims = outputs.get(0).dims();
            if (dims.length != 2 || dims[1] != classes.size() || outputs.get(0).dtype() != DType.F32) {
                throw new IllegalArgumentException("ServedModel: there are " + classes.size()
                        + " classes but the first output is " + outputs.get(0) + "; give a name for each logit");
            }
        }
        batcher = new MicroBatcher(plan, settings);
    }

    /** The name if it can be part of an address. */
    static String checked(String what, String name) {
        if (!name.matches("[A-Za-z0-9._-]+")) {
            throw new IllegalArgumentException(what + ": the name \"" + name + "\" is part of an address; give"
                    + " letters, digits, dots, hyphens and underscores");
        }
        return name;
    }

    /** Returns the name. */
    public String name() {
        return name;
    }

    /** Returns the batcher, for its statistics, and to put another plan into the place of this one. */
    public MicroBatcher batcher() {
        return batcher;
    }

    List<Spec> outputs() {
        return outputs;
    }

    List<String> classes() {
        return classes;
    }

    /** The inputs that a caller gives: all but the lengths of sequences. */
    List<Spec> given() {
        return given;
    }

    /** How many steps an example of so many values of this input has; 0 where it has no length. */
    static int steps(Spec input, int values) {
        return input.has(Dim.LENGTH) ? (int) Math.max(1, values / input.elements(1, 1)) : 0;
    }

    /**
     * Computes examples, each of which has an array of numbers for each input, within the deadline for all of them.
     *
     * @return for each output, the values of each example
     * @throws RejectedExecutionException if the queue is full
     */
    Map<String, List<double[]>> infer(List<Map<String, double[]>> examples, Duration deadline)
            throws InterruptedException {
        List<Request> requests = examples.stream().map(this::request).toList(); // all are checked before one is run
        batcher.run(requests, deadline);
        Map<String, List<double[]>> all = new LinkedHashMap<>();
        for (Spec output : outputs) {
            all.put(
                    output.name(),
                    requests.stream()
                            .map(request -> numbers(output.dtype(), request.output(output.name())))
                            .toList());
        }
        return all;
    }

    private Request request(Map<String, double[]> example) {
        int steps = 0;
        for (Spec input : given()) {
            double[] values = example.get(input.name());
            if (values == null) {
                throw new IllegalArgumentException("there is no input \"" + input.name() + "\"; give " + given()
                        + ", of which these have " + example.keySet());
            }
            steps = Math.max(steps, steps(input, values.length));
        }
        for (String name : example.keySet()) {
            if (given().stream().noneMatch(s -> s.name().equals(name))) {
                throw new IllegalArgumentException("the model has no input \"" + name + "\"; it has " + given());
            }
        }
        Request request = steps > 0 ? batcher.request(steps) : batcher.request();
        for (Spec input : given()) {
            set(request, input, Objects.requireNonNull(example.get(input.name())));
        }
        return request;
    }

    private static void set(Request request, Spec input, double[] values) {
        DType type = input.dtype();
        ByteBuffer all = ByteBuffer.allocate(Math.multiplyExact(values.length, type.bytes()));
        for (int i = 0; i < values.length; i++) {
            type.put(all, i, values[i]);
            if (type.isWhole() && type.get(all, i) != values[i]) {
                type.put(all, 0, Double.NEGATIVE_INFINITY);
                String least = type.text(all, 0);
                type.put(all, 0, Double.POSITIVE_INFINITY);
                throw new IllegalArgumentException("input " + input + " holds " + values[i] + " at element " + i
                        + "; give whole numbers from " + least + " to " + type.text(all, 0));
            }
        }
        switch (type) {
            case F32 -> {
                float[] floats = new float[values.length];
                all.asFloatBuffer().get(floats);
                request.set(input.name(), floats);
            }
            case I32 -> {
                int[] ints = new int[values.length];
                all.asIntBuffer().get(ints);
                request.set(input.name(), ints);
            }
            case U8, I8 -> request.set(input.name(), all.array());
            case F16, BF16 -> {
                short[] bits = new short[values.length];
                all.asShortBuffer().get(bits);
                request.set(input.name(), bits);
            }
        }
    }

    /** The numbers of raw bytes, little-endian. */
    static double[] numbers(DType type, byte[] bytes) {
        return numbers(type, ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    }

    private static double[] numbers(DType type, ByteBuffer bytes) {
        int size = type.bytes();
        if (bytes.limit() % size != 0) {
            throw new IllegalArgumentException(
                    "the body has " + bytes.limit() + " bytes, which are no whole number of " + type);
        }
        double[] numbers = new double[bytes.limit() / size];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = type.get(bytes, i);
        }
        return numbers;
    }

    /** Returns name, inputs and outputs. */
    @Override
    public String toString() {
        return name + ": from " + given() + " to " + outputs;
    }

    /** Computes what was submitted, and closes the plan. Closing twice does nothing. */
    @Override
    public void close() {
        batcher.close();
    }
}
