package dev.fathom.pretrained;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What the files of sentence-transformers say of a folder.
 *
 * @param dense the folder of the layer that a pooled vector passes, or null for none
 * @param lowercased whether texts are lowercased before they are cut into tokens
 * @param longest the most tokens of a text
 * @param prompts texts that stand in front of others, by their names
 * @param defaultPrompt the one that is used where no other is asked for
 */
record SentenceFolder(
        Pooling pooling,
        @Nullable Path dense,
        boolean normalized,
        boolean lowercased,
        int longest,
        Map<String, String> prompts,
        String defaultPrompt) {
    /** The names of poolings, in the order of {@link Pooling}, since version 6 and before it; more are not known. */
    private static final List<String> MODES =
            List.of("mean", "cls", "lasttoken", "weightedmean", "mean_sqrt_len_tokens", "max");

    private static final List<String> OLDER_MODES = List.of(
            "pooling_mode_mean_tokens",
            "pooling_mode_cls_token",
            "pooling_mode_lasttoken",
            "pooling_mode_weightedmean_tokens",
            "pooling_mode_mean_sqrt_len_tokens",
            "pooling_mode_max_tokens");

    static SentenceFolder read(Path folder) {
        Path modules = folder.resolve("modules.json");
        boolean normalized = true;
        Path pooling = folder.resolve("1_Pooling");
        Path dense = null;
        if (Files.exists(modules)) {
            normalized = false;
            for (Config each : Config.list(modules)) {
                String type = each.text("type");
                if (type == null) {
                    throw each.wrong("a module has no type; fetch it again");
                }
                String name = type.substring(type.lastIndexOf('.') + 1);
                switch (name) {
                    case "Transformer", "StaticEmbedding" -> {}
                    case "Normalize" -> normalized = true;
                    case "Dense" -> {
                        if (dense != null || normalized) {
                            throw each.wrong("only one Dense is known, behind the Pooling and before a Normalize");
                        }
                        dense = inside(folder, each);
                    }
                    case "Pooling" -> pooling = inside(folder, each);
                    default ->
                        throw each.wrong("the module " + name + " is not known; those are Transformer, StaticEmbedding,"
                                + " Pooling, Dense and Normalize");
                }
            }
        }
        Path settings = pooling.resolve("config.json");
        Config transformer = Config.readIfThere(folder.resolve("sentence_bert_config.json"));
        Config sentences = Config.readIfThere(folder.resolve("config_sentence_transformers.json"));
        Map<String, String> prompts = sentences.named("prompts");
        String named = sentences.text("default_prompt_name");
        return new SentenceFolder(
                Files.exists(settings) ? pooling(Config.read(settings)) : Pooling.MEAN,
                dense,
                normalized,
                transformer.flag("do_lower_case", false),
                transformer.has("max_seq_length") ? transformer.count("max_seq_length", 0) : Family.longest(folder),
                Map.copyOf(prompts),
                named == null ? "" : prompts.getOrDefault(named, ""));
    }

    private static Path inside(Path folder, Config module) {
        String path = module.text("path");
        Path found = folder.resolve(path == null ? "" : path).normalize();
        if (!found.startsWith(folder.normalize())) {
            throw module.wrong("the path \"" + path + "\" leaves the folder; fetch it again");
        }
        return found;
    }

    private static Pooling pooling(Config c) {
        if (!c.flag("include_prompt", true)) {
            throw c.wrong("\"include_prompt\" is false but the tokens of a prompt are always pooled with the"
                    + " others; only true is known");
        }
        List<String> modes = c.has("pooling_mode")
                ? c.texts("pooling_mode")
                : IntStream.range(0, MODES.size())
                        .filter(i -> c.flag(OLDER_MODES.get(i), false))
                        .mapToObj(MODES::get)
                        .toList();
        List<String> known = MODES.subList(0, Pooling.values().length);
        if (modes.size() != 1 || !known.contains(modes.get(0))) {
            throw c.wrong("its poolings are " + modes + " but exactly one of " + known + " is known");
        }
        return Pooling.values()[known.indexOf(modes.get(0))];
    }
}
