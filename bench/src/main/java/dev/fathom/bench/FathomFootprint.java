package dev.fathom.bench;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;

/** Memory that training steps take. */
public final class FathomFootprint {
    private FathomFootprint() {}

    /** {@code NET BATCH}. */
    public static void main(String[] args) throws IOException {
        try (Pass pass = Pass.infer()) {
            Tensor.of(new float[] {1}, 1).add(1f).item();
        }
        Footprint footprint = Footprint.begin();
        FathomNets.Training training = new FathomNets.Training();
        training.net = args[0];
        training.batch = Integer.parseInt(args[1]);
        training.setup();
        for (int i = 0; i < Footprint.STEPS; i++) {
            training.step();
        }
        footprint.end();
    }
}
