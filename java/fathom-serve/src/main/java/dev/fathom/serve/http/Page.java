package dev.fathom.serve.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The page on which a person asks the models of a service. */
final class Page {
    private static final String TEMPLATE = template();

    private Page() {}

    private static String template() {
        try (InputStream in = Page.class.getResourceAsStream("page.html")) {
            return new String(Objects.requireNonNull(in, "page.html").readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the page of the service", e);
        }
    }

    static byte[] of(Collection<ServedModel> models, Collection<ServedText> texts) {
        String all = Stream.concat(
                        models.stream().map(OpenInference::metadata),
                        texts.stream().map(ServedText::described))
                .collect(Collectors.joining(",", "[", "]"));
        return TEMPLATE.replace("/*models*/[]", all).getBytes(StandardCharsets.UTF_8); // Gson escapes < and >
    }
}
