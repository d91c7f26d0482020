package dev.fathom.labs.generative;

import dev.fathom.io.Npy;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.training.Training;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import java.nio.FloatBuffer;
import java.nio.file.Path;

/** Samples of a net after each epoch, in files, so that a run that is resumed still has those of its first epochs. */
record Album(Path folder) {
    /** Where the files of a net are: a folder with its name in small letters. */
    static Path folder(LabRun run, String name) {
        return run.folder().resolve(Training.fileName(name));
    }

    /** Keeps the numbers of all samples. */
    void add(int epoch, float[] numbers) {
        Npy.write(file(epoch), Shape.of(numbers.length), FloatBuffer.wrap(numbers));
    }

    /** The numbers of the samples after an epoch. */
    float[] get(int epoch) {
        try (Pass pass = Pass.infer()) {
            return Npy.read(file(epoch)).tensor().toArray();
        }
    }

    private Path file(int epoch) {
        return folder.resolve("samples-" + epoch + ".npy");
    }
}
