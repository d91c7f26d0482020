package dev.fathom.data;

import dev.fathom.io.MappedFile;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.IntToLongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Pieces of one long sequence, which lies in memory or in a file once, however much the pieces overlap. An example is
 * {@code length} tokens and the tokens that follow each of them.
 *
 * @param count how many there are
 * @param start the first token of an example
 */
record Tokens(Sequence sequence, long count, int length, IntToLongFunction start) implements Source {
    /** The sequence: an array, or a file from a place on. */
    record Sequence(int[] tokens, @Nullable MappedFile file, long at, long count) {
        static Sequence of(int[] tokens) {
            return new Sequence(tokens.clone(), null, 0, tokens.length);
        }

        static Sequence of(NpyFile npy) {
            if (npy.npy().dtype() != DType.I32 || npy.npy().shape().rank() != 1) {
                npy.close();
                throw new IllegalArgumentException("tokens: they are int32 of one dimension, but " + npy.npy()
                        + "; save them as np.int32, one after another");
            }
            return new Sequence(
                    new int[0], npy.file(), npy.begin(), npy.npy().shape().size());
        }

        /** The dataset of some pieces; if they cannot be had, the file is closed. */
        Dataset dataset(Supplier<Tokens> pieces) {
            try {
                return Dataset.of(pieces.get());
            } catch (RuntimeException | Error e) {
                close();
                throw e;
            }
        }

        void close() {
            if (file != null) {
                file.close();
            }
        }
    }

    @Override
    public int size() {
        return (int) Math.min(count, Integer.MAX_VALUE); // of which a dataset refuses most
    }

    @Override
    public List<Field> fields() {
        Shape piece = Shape.of(length);
        return List.of(Field.ints("x", piece).input(), Field.ints("y", piece).target());
    }

    @Override
    public void read(int field, int example, ByteBuffer to) {
        long from = start.applyAsLong(example) + field;
        if (sequence.file != null) {
            sequence.file.read(sequence.at + Integer.BYTES * from, to);
        } else {
            to.asIntBuffer().put(sequence.tokens, (int) from, length);
            to.position(to.limit());
        }
    }

    @Override
    public void close() {
        sequence.close();
    }
}
