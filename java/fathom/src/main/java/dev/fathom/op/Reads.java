package dev.fathom.op;

import java.util.StringJoiner;

/** What an elementwise op's backward reads: bits of the inputs and the output, or that there is no backward. */
public final class Reads {
    /** Nothing: the gradient alone is enough. */
    public static final int NONE = 0;
    /** The only input. */
    public static final int INPUT = 1;
    /** The first of two inputs. */
    public static final int A = 1;
    /** The second of two inputs. */
    public static final int B = 2;
    /** The result. */
    public static final int OUTPUT = 4;
    /** No gradient flows. */
    public static final int FLAT = 8;

    private Reads() {}

    /** The text of the native tables for {@code reads}; {@code inputs} are their names there. */
    public static String text(int reads, String... inputs) {
        if (reads == NONE || reads == FLAT) {
            return reads == NONE ? "NONE" : "FLAT";
        }
        StringJoiner s = new StringJoiner("|");
        for (int i = 0; i < inputs.length; i++) {
            if ((reads & 1 << i) != 0) {
                s.add(inputs[i]);
            }
        }
        if ((reads & OUTPUT) != 0) {
            s.add("OUTPUT");
        }
        return s.toString();
    }
}
