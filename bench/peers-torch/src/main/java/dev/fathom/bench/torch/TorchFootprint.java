package dev.fathom.bench.torch;

import dev.fathom.bench.Footprint;
import java.io.IOException;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;

/** Memory that training steps take. */
@SuppressWarnings("try") // scopes are closed, not used
public final class TorchFootprint {
    private TorchFootprint() {}

    /** {@code NET BATCH CHANNELS_LAST}. */
    public static void main(String[] args) throws IOException {
        try (PointerScope scope = new PointerScope()) {
            torch.ones(1).add(new Scalar(1f)).item_float();
        }
        Footprint footprint = Footprint.begin();
        TorchNets.Training training = new TorchNets.Training();
        training.net = args[0];
        training.batch = Integer.parseInt(args[1]);
        training.channelsLast = Boolean.parseBoolean(args[2]);
        training.setup();
        for (int i = 0; i < Footprint.STEPS; i++) {
            training.step();
        }
        footprint.end();
    }
}
