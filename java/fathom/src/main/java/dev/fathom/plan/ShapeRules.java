package dev.fathom.plan;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Asks the ops of a plan whether they take the shapes of a session, with the sentence that an eager run would say: a window may be larger than a short
 * sequence, and padding that mirrors may be wider. An op that is not the same at all traced sizes, such as a slice, is not asked.
 */
final class ShapeRules extends Call {
    /** An operand or a result. */
    record Operand(String name, DType dtype, Bilinear[] dims) {
        Shape at(Sizes sizes) {
            int[] d = new int[dims.length];
            for (int i = 0; i < d.length; i++) {
                long size = dims[i].at(sizes);
                if (size < 0 || size > Integer.MAX_VALUE) {
                    throw new IllegalArgumentException("newSession: dimension " + i + " of " + name + " would be "
                            + size + " at " + sizes + "; choose another " + sizes.names());
                }
                d[i] = (int) size;
            }
            return Shape.of(d);
        }
    }

    /** One call: {@code operands} are null where one is left out, {@code results} are its needed results, each with its number among the op's. */
    record Rule(Op op, String where, List<@Nullable Operand> operands, List<Integer> numbers, List<Operand> results) {}

    private final Rule rule;
    private final Sizes sizes;

    private ShapeRules(Rule rule, Sizes sizes) {
        this.rule = rule;
        this.sizes = sizes;
    }

    /**
     * Refuses sizes at which an op refuses its inputs, or makes another shape of them than the plan has.
     *
     * @throws IllegalArgumentException naming the call and the shapes
     */
    static void check(List<Rule> rules, Sizes sizes) {
        for (Rule rule : rules) {
            ShapeRules call = new ShapeRules(rule, sizes);
            for (int i = 0; i < rule.results.size(); i++) {
                Shape found = rule.op.shape(call, rule.numbers.get(i));
                Shape planned = rule.results.get(i).at(sizes);
                if (!found.equals(planned)) {
                    throw call.fail("it makes " + found + " at " + sizes + " but " + planned
                            + " would follow from the sizes at which the plan was traced; choose another "
                            + sizes.names());
                }
            }
        }
    }

    @Override
    public int inputs() {
        return rule.operands.size();
    }

    @Override
    public boolean has(int i) {
        return i < rule.operands.size() && rule.operands.get(i) != null;
    }

    private Operand operand(int i) {
        return Objects.requireNonNull(rule.operands.get(i), "an op asks only for the inputs it has");
    }

    @Override
    public Shape shape(int i) {
        return operand(i).at(sizes);
    }

    @Override
    public DType dtype(int i) {
        return operand(i).dtype;
    }

    @Override
    public Shape outShape(int o) {
        return rule.results.get(rule.numbers.indexOf(o)).at(sizes);
    }

    @Override
    public String inName(int i) {
        return i == 0 ? "x" : operand(i).name;
    }

    @Override
    public IllegalArgumentException fail(String message) {
        return new IllegalArgumentException("newSession: " + rule.where + ": " + message);
    }

    private IllegalStateException shapesOnly() {
        return new IllegalStateException(rule.where + " asks for more than shapes in its shape rule");
    }

    @Override
    public long in(int i) {
        throw shapesOnly();
    }

    @Override
    public long out(int o) {
        throw shapesOnly();
    }

    @Override
    public long scratch(long bytes) {
        throw shapesOnly();
    }

    @Override
    public long packed(int i, Kernel packing, long n, long k) {
        throw shapesOnly();
    }

    @Override
    public Call begin(Kernel kernel) {
        throw shapesOnly();
    }

    @Override
    public Call put(long word) {
        throw shapesOnly();
    }

    @Override
    public Call put(float value) {
        throw shapesOnly();
    }

    @Override
    public Call at(long address) {
        throw shapesOnly();
    }

    @Override
    public void run() {
        throw shapesOnly();
    }

    @Override
    public float[] read(int i) {
        throw shapesOnly();
    }

    @Override
    public void write(int o, float[] values) {
        throw shapesOnly();
    }
}
