package dev.fathom.tensor;

/** What an elementwise op's backward reads: bits of the inputs and the output. */
final class Reads {
    static final int NONE = 0;
    static final int INPUT = 1;
    static final int A = 1;
    static final int B = 2;
    static final int OUTPUT = 4;

    private Reads() {}
}
