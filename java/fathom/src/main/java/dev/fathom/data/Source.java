package dev.fathom.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Examples that stay where they are, such as in a file of your own format: {@link Dataset#of(Source)} makes a dataset
 * of them, which reads only the examples of a batch when it gathers the batch. They need not fit into memory and do not
 * count against {@code -Dfathom.memory}.
 *
 * <p>Several threads read at once, and the examples must stay as they are: a source is asked for the same example many
 * times. {@link dev.fathom.io.MappedFile} reads a file in this way.
 *
 * <pre>{@code
 * record Readings(MappedFile file) implements Source {       // records of three floats and a class, one byte
 *   public int size() {
 *     return (int) (file.size() / 13);
 *   }
 *   public List<Field> fields() {
 *     return List.of(Field.floats("sensors", Shape.of(3)).input(), Field.labels("state").classes(5).target());
 *   }
 *   public void read(int field, int example, ByteBuffer to) {
 *     if (field == 0) {
 *       file.read(13L * example, to);
 *     } else {
 *       to.putInt(file.read(13L * example + 12));
 *     }
 *   }
 *   public void close() {
 *     file.close();
 *   }
 * }
 * }</pre>
 */
public interface Source extends AutoCloseable {
    /** Returns the number of examples. */
    int size();

    /**
     * Returns the fields without their values, such as {@code Field.pixels("image", Shape.of(28, 28)).input()}. Labels
     * need the number of their {@link Field#classes}.
     */
    List<Field> fields();

    /**
     * Puts the values of one field of one example into {@code to}, which has room for them and nothing else, by puts
     * that move its position: a float or an integer takes four bytes, a label is an integer, and a pixel is a byte. The
     * buffer has the byte order of the machine, and the numbers are floats that are finite and labels below the number
     * of classes.
     *
     * @param field the index in {@link #fields}
     * @param example the number of the example, from 0
     * @throws IOException if they cannot be read
     */
    void read(int field, int example, ByteBuffer to) throws IOException;

    /**
     * Returns the number of steps of an example in a ragged field.
     *
     * @throws UnsupportedOperationException if no field is ragged
     */
    default int steps(int field, int example) {
        throw new UnsupportedOperationException("steps: this source has no ragged field");
    }

    /**
     * Gives back what the source holds, such as a file, when the last dataset over it is closed.
     *
     * @throws IOException if that fails
     */
    @Override
    default void close() throws IOException {}
}
