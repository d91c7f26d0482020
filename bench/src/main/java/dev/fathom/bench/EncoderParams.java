package dev.fathom.bench;

import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Which {@link EncoderCase} a contender measures. */
@State(Scope.Thread)
public abstract class EncoderParams {
    /** Layers of the encoder. */
    @Param("6")
    public int layers;

    /** Tokens of the longest text. */
    @Param("128")
    public int length;

    /** Texts. */
    @Param("1")
    public int batch;

    /** Returns the case. */
    protected EncoderCase encoder() {
        return new EncoderCase(layers, length, batch);
    }
}
