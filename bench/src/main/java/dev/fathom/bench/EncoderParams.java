package dev.fathom.bench;

import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Which {@link EncoderCase} a contender measures, and its encoder. */
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

    private Encoder encoder;
    private float[][] last = {};

    /** An encoder and its texts. */
    public interface Encoder extends AutoCloseable {
        /** The vectors of all texts. */
        float[][] vectors() throws Exception;
    }

    /** Makes the encoder of this case. */
    protected abstract Encoder make(EncoderCase encoder) throws Exception;

    /** Makes the encoder, or takes that of the turn before. */
    @Setup(Level.Trial)
    public void setup() throws Exception {
        encoder = Kept.of(() -> make(new EncoderCase(layers, length, batch)), Encoder::close);
    }

    /** The vectors of all texts. */
    public float[][] vectors() throws Exception {
        last = encoder.vectors();
        return last;
    }

    /** The last vectors are those of the other contenders; to compute them once more may take seconds. */
    @TearDown(Level.Trial)
    public void check() {
        EncoderCase.tell(last);
    }
}
