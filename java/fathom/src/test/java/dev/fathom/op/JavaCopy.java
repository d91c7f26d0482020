package dev.fathom.op;

/** y = x, computed in Java, without a backward unless a test gives it one. */
public interface JavaCopy extends Op {
    @Override
    default Shape shape(Call c, int output) {
        return c.shape(0);
    }

    @Override
    default void forward(Call c) {
        c.write(0, c.read(0));
    }
}
