package dev.fathom.tensor;

import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.store.Store;
import java.util.ArrayList;
import java.util.List;

/** Parameters and buffers with given values, bound without a model: for tests below package nn. */
public final class Numbers implements AutoCloseable {
    private final List<Variable> variables = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private final List<float[]> numbers = new ArrayList<>();
    private Store store;

    /** A parameter of the store that {@link #bind} makes. */
    public Parameter parameter(String name, float[] values, int... dims) {
        return add(new Parameter(Shape.of(dims), null), name, values);
    }

    /** A buffer of it; buffers come after all parameters. */
    public Buffer buffer(String name, float[] values, int... dims) {
        return add(new Buffer(Shape.of(dims), null), name, values);
    }

    private <H extends Variable> H add(H h, String name, float[] values) {
        variables.add(h);
        names.add(name);
        numbers.add(values);
        return h;
    }

    /** Lays all of them out and sets their values. */
    public Numbers bind() {
        store = new Store(variables, names);
        store.bind();
        for (int i = 0; i < variables.size(); i++) {
            set(variables.get(i), numbers.get(i));
        }
        return this;
    }

    /** Changes values as an optimizer would, which makes a new version. */
    public void set(Variable h, float... values) {
        int i = variables.indexOf(h);
        store.values()
                .view(4 * store.offset(i), 4L * values.length)
                .order(java.nio.ByteOrder.nativeOrder())
                .asFloatBuffer()
                .put(values);
        store.changed(i);
    }

    /** Makes every value of a bound parameter the same. */
    public static void set(Parameter p, float value) {
        Store store = Store.of(p);
        var to = store.values()
                .view(4 * store.offset(Store.index(p)), 4 * p.shape().size())
                .asFloatBuffer();
        for (int i = 0; i < to.capacity(); i++) {
            to.put(i, value);
        }
        store.changed(Store.index(p));
    }

    /** Freezes a parameter. */
    public void freeze(Parameter p) {
        store.trainable(variables.indexOf(p), false);
    }

    /** Marks every gradient as used, as an optimizer's step does. */
    public void step() {
        for (int i = 0; i < store.parameters(); i++) {
            store.forget(i);
        }
    }

    @Override
    public void close() {
        store.close();
    }
}
