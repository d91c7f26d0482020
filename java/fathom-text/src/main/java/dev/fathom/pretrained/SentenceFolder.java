package dev.fathom.pretrained;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What the files of sentence-transformers say of a folder.
 *
 * @param longest the most tokens of a text
 * @param prompts texts that stand in front of others, by their names
 * @param defaultPrompt the one that is used where no other is asked for
 */
record SentenceFolder(
        Pooling pooling, boolean normalized, int longest, Map<String, String> prompts, String defaultPrompt) {
    private static final List<String> MODES = List.of(
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
        if (Files.exists(modules)) {
            normalized = false;
            JsonElement all = Config.json(modules);
            if (!all.isJsonArray()) {
                throw new IllegalArgumentException(modules + ": it is not a list of modules; fetch it again");
            }
            for (JsonElement each : all.getAsJsonArray()) {
                if (!each.isJsonObject() || !each.getAsJsonObject().has("type")) {
                    throw new IllegalArgumentException(modules + ": a module has no type; fetch it again");
                }
                String type = each.getAsJsonObject().get("type").getAsString();
                String name = type.substring(type.lastIndexOf('.') + 1);
                switch (name) {
                    case "Transformer", "StaticEmbedding" -> {}
                    case "Normalize" -> normalized = true;
                    case "Pooling" -> pooling = inside(folder, each.getAsJsonObject());
                    default ->
                        throw new IllegalArgumentException(modules + ": the module " + name
                                + " is not known; those are Transformer, StaticEmbedding, Pooling and Normalize");
                }
            }
        }
        Path settings = pooling.resolve("config.json");
        Map<String, String> prompts = new LinkedHashMap<>();
        String named = prompts(folder.resolve("config_sentence_transformers.json"), prompts);
        return new SentenceFolder(
                Files.exists(settings) ? pooling(Config.read(settings)) : Pooling.MEAN,
                normalized,
                longest(folder),
                Map.copyOf(prompts),
                prompts.getOrDefault(named, ""));
    }

    private static Path inside(Path folder, JsonObject module) {
        String path = module.has("path") ? module.get("path").getAsString() : "";
        Path found = folder.resolve(path).normalize();
        if (!found.startsWith(folder.normalize())) {
            throw new IllegalArgumentException(
                    folder.resolve("modules.json") + ": the path \"" + path + "\" leaves the folder; fetch it again");
        }
        return found;
    }

    private static Pooling pooling(Config c) {
        int[] on = IntStream.range(0, MODES.size())
                .filter(i -> c.flag(MODES.get(i), false))
                .toArray();
        if (on.length != 1 || on[0] >= Pooling.values().length) {
            throw c.wrong("exactly one of " + MODES.subList(0, Pooling.values().length) + " must be true, but "
                    + IntStream.of(on).mapToObj(MODES::get).toList() + " are");
        }
        return Pooling.values()[on[0]];
    }

    private static int longest(Path folder) {
        Path bert = folder.resolve("sentence_bert_config.json");
        return Files.exists(bert) ? Config.read(bert).count("max_seq_length", Integer.MAX_VALUE) : Integer.MAX_VALUE;
    }

    /** Reads the prompts, and returns the name of the one that is used by default. */
    private static String prompts(Path file, Map<String, String> to) {
        if (!Files.exists(file)) {
            return "";
        }
        JsonElement all = Config.json(file);
        if (all.isJsonObject() && all.getAsJsonObject().get("prompts") instanceof JsonObject prompts) {
            prompts.entrySet().forEach(e -> to.put(e.getKey(), e.getValue().getAsString()));
        }
        String named = Config.read(file).text("default_prompt_name");
        return named == null ? "" : named;
    }
}
