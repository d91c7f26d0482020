package dev.fathom.image;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Source;
import dev.fathom.io.MappedFile;
import dev.fathom.op.Shape;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Images that stay in a mapped file, one after another, with labels in memory.
 *
 * @param begin where the first image begins
 * @param shape of an image
 */
record MappedImages(MappedFile file, long begin, Shape shape, int[] labels, int classes) implements Source {
    /** Makes a dataset, which closes the file with the last dataset over it; if there is none, the file stays open. */
    static Dataset dataset(MappedFile file, long begin, Shape shape, int[] labels, int classes) {
        return Dataset.of(new MappedImages(file, begin, shape, labels, classes));
    }

    @Override
    public int size() {
        return labels.length;
    }

    @Override
    public List<Field> fields() {
        return List.of(
                Field.pixels("x", shape).input(),
                Field.labels("y").classes(classes).target());
    }

    @Override
    public void read(int field, int example, ByteBuffer to) {
        if (field == 0) {
            file.read(begin + example * shape.size(), to);
        } else {
            to.putInt(labels[example]);
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
