package dev.fathom.data;

import dev.fathom.io.Npy;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Features and labels, or targets, in two npy files.
 *
 * @param classes of labels; 0 of targets
 */
record NpyPair(NpyFile x, NpyFile y, int classes) implements Source {
    /** Refuses two files that are no features with a label or a target for each; returns how many there are. */
    static int check(Npy x, Npy y) {
        if (x.dtype() == DType.I32 || x.shape().rank() == 0) {
            throw new IllegalArgumentException("npy: features must be bytes or floats of one dimension or more, but "
                    + x + "; save them as float32 or uint8");
        }
        if (y.shape().rank() == 0 || y.dtype() != DType.F32 && y.shape().rank() != 1) {
            throw new IllegalArgumentException("npy: labels must be integers of one dimension and targets floats, but "
                    + y + "; save one label for each example, or the targets as float32");
        }
        int n = x.shape().dim(0);
        Storage.check("npy", n, example(x));
        if (y.shape().dim(0) != n) {
            throw new IllegalArgumentException("npy: there are " + n + " examples but "
                    + y.shape().dim(0) + (y.dtype() == DType.F32 ? " targets" : " labels") + "; give one for each");
        }
        Storage.check("npy", n, example(y));
        return n;
    }

    static Shape example(Npy all) {
        return Shape.of(Arrays.copyOfRange(all.shape().toArray(), 1, all.shape().rank()));
    }

    static NpyPair of(NpyFile x, NpyFile y) {
        int n = check(x.npy(), y.npy());
        return new NpyPair(x, y, y.npy().dtype() == DType.F32 ? 0 : Storage.classes("npy", n, y::label));
    }

    @Override
    public int size() {
        return x.npy().shape().dim(0);
    }

    @Override
    public List<Field> fields() {
        Shape features = example(x.npy());
        Field in = x.npy().dtype() == DType.U8 ? Field.pixels("x", features) : Field.floats("x", features);
        Field out = classes > 0 ? Field.labels("y").classes(classes) : Field.floats("y", example(y.npy()));
        return List.of(in.input(), out.target());
    }

    @Override
    public void read(int field, int example, ByteBuffer to) {
        if (field == 0) {
            x.read(example, to);
        } else if (classes > 0) {
            to.putInt(y.label(example));
        } else {
            y.read(example, to);
        }
    }

    @Override
    public void close() {
        x.close();
        y.close();
    }
}
