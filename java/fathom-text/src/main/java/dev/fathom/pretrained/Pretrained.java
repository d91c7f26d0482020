package dev.fathom.pretrained;

import dev.fathom.decode.CausalNet;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The nets in folders of Hugging Face, as models of which each parameter may be trained, and back to such a folder.
 *
 * <pre>{@code
 * try (Model<TextEncoder> model = Pretrained.encoder(folder)) {
 *     ... // train it on TextBatch.of(tokenizer.encode(texts))
 *     Pretrained.save(model, folder, Path.of("tuned"));
 * }
 * try (Embedder embedder = Embedder.load(Path.of("tuned"))) {
 *     ...
 * }
 * }</pre>
 */
public final class Pretrained {
    private Pretrained() {}

    /**
     * Returns the class of transformers that the {@code config.json} of a folder names, such as {@code BertModel} or
     * {@code GPT2LMHeadModel}; empty where there is no such file, or it names none.
     *
     * @throws IllegalArgumentException if the file is damaged
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Optional<String> architecture(Path folder) {
        Path config = folder.resolve("config.json");
        return Files.exists(config) ? Optional.ofNullable(Config.read(config).architecture()) : Optional.empty();
    }

    /**
     * Makes the encoder in a folder, with its weights.
     *
     * @throws IllegalArgumentException if the family or one of its settings is not known, or the weights are not those
     *     of the settings
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static Model<TextEncoder> encoder(Path folder) {
        return Family.read(folder);
    }

    /**
     * Makes the decoder in a folder, or of a Llama's file of llama.cpp, with its weights.
     *
     * @throws IllegalArgumentException if the family or one of its settings is not known, or the weights are not those
     *     of the settings
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static Model<CausalNet> decoder(Path folder) {
        return DecoderFamily.read(folder);
    }

    /**
     * Writes an encoder or a decoder to a folder that transformers and {@link Embedder#load} or {@link TextWriter#load}
     * read: the weights in F32 as {@code model.safetensors}, and copies of all other files of the folder from which it
     * was read.
     *
     * @param from the folder from which the model was read
     * @param to another folder, which is made if it is not there
     * @throws IllegalArgumentException if both are one folder, the model is not of the family of that folder, or it has
     *     a head, which {@link HeadTuning#save} writes
     * @throws java.io.UncheckedIOException if a file cannot be read or written
     */
    public static void save(Model<? extends Net> model, Path from, Path to) {
        if (model.net() instanceof TextEncoder) {
            SavedFolder.write(model, Family.layout(from), List.of(), null, from, to);
        } else if (model.net() instanceof CausalNet) {
            DecoderFamily.save(model, from, to);
        } else {
            throw new IllegalArgumentException(
                    "save: a " + model.net().getClass().getSimpleName()
                            + " is neither an encoder nor a decoder; save a net with a head by HeadTuning.save");
        }
    }
}
