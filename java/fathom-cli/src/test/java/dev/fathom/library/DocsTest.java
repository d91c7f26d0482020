package dev.fathom.library;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The README and the pages of docs are true: their Java compiles and runs, the lines they quote are in the files they
 * name, their links lead somewhere.
 */
class DocsTest {
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));
    private static final Path EXERCISES = ROOT.resolve("docs/exercises");
    private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    /** What the code of a solution prints. */
    private static final Pattern PRINTED = Pattern.compile("```java\n[^`]*```\n\n```text\n(.*?)```", Pattern.DOTALL);
    /** A file name in backquotes, a colon or comma and the rest of its sentence, then a block of its lines. */
    private static final Pattern QUOTED = Pattern.compile(
            "`((?:native|java)/[^`]+\\.(?:def|java|c))`[^\n`]*:\n\n```(?:c|text)\n(.*?)```", Pattern.DOTALL);

    private static final Pattern LINK = Pattern.compile("\\]\\(([^):]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");
    /**
     * Where a method body ends and declarations have begun: a record or class of its own, up to the brace that closes
     * it.
     */
    private static final Pattern DECLARATION =
            Pattern.compile("(?ms)^(?:public )?(?:record|class|interface) .*?(?:^\\}|\\{\\})$");

    @TempDir
    Path temp;

    /** Every page that a visitor reads. */
    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        for (Path folder : List.of(ROOT, ROOT.resolve("docs"), ROOT.resolve("docs/catalogue"), EXERCISES)) {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(f -> f.toString().endsWith(".md")).sorted().forEach(pages::add);
            }
        }
        return pages;
    }

    private static List<Path> pagesWithJava() throws IOException {
        List<Path> pages = new ArrayList<>();
        for (Path page : pages()) {
            if (JAVA.matcher(Files.readString(page)).find()) {
                pages.add(page);
            }
        }
        assertThat(pages)
                .contains(ROOT.resolve("README.md"), ROOT.resolve("docs/guide.md"), ROOT.resolve("docs/extending.md"));
        return pages;
    }

    @Test
    void theReadmeIsShort() throws IOException {
        assertThat(Files.readString(ROOT.resolve("README.md"))).hasSizeLessThanOrEqualTo(12_000);
    }

    @ParameterizedTest
    @MethodSource("pagesWithJava")
    void everySnippetCompilesAndRuns(Path page) throws Exception {
        StringBuilder source = new StringBuilder();
        for (String name : List.of(
                "anomaly",
                "assess",
                "attack",
                "attention",
                "data",
                "decode",
                "derivative",
                "ensemble",
                "explain",
                "features",
                "files",
                "finetune",
                "image",
                "io",
                "linear",
                "nets",
                "nn",
                "onnx",
                "op",
                "optim",
                "parameter",
                "plan",
                "pretrained",
                "recurrent",
                "retrieval",
                "search",
                "series",
                "serve",
                "serve.http",
                "sound",
                "table",
                "tensor",
                "text",
                "tokenizer",
                "train",
                "tree",
                "validation",
                "view")) {
            source.append("import dev.fathom.").append(name).append(".*;\n");
        }
        source.append("import dev.fathom.nn.Net;\n"
                + "import java.nio.file.Files;\n"
                + "import java.nio.file.Path;\n"
                + "import java.time.Duration;\n"
                + "import java.time.format.DateTimeFormatter;\n"
                + "import java.util.Arrays;\n"
                + "import java.util.List;\n"
                + "import java.util.Locale;\n"
                + "import java.util.Map;\n"
                + "import org.jspecify.annotations.Nullable;\n\n"
                + "public class Page {\n");
        List<String> methods = new ArrayList<>();
        Matcher snippets = JAVA.matcher(Files.readString(page));
        while (snippets.find()) {
            Matcher declaration = DECLARATION.matcher(snippets.group(1));
            while (declaration.find()) {
                source.append("static ")
                        .append(declaration.group().replaceFirst("^public ", ""))
                        .append("\n");
            }
            String body = declaration.replaceAll("").strip();
            if (!body.isEmpty()) {
                methods.add("snippet" + methods.size());
                source.append("public static void ").append(methods.get(methods.size() - 1));
                source.append("() throws java.io.IOException, InterruptedException {\n")
                        .append(here(body))
                        .append("\n}\n");
            }
        }
        Class<?> compiled = compile(source.append("}\n").toString());
        assertThat(methods).isNotEmpty();
        List<String> printed = new ArrayList<>();
        for (String name : methods) { // in their order: what the first one saves, a later one serves
            Method method = compiled.getMethod(name);
            printed.add(printed(method));
        }
        if (page.startsWith(EXERCISES)) {
            assertThat(printed)
                    .containsExactlyElementsOf(PRINTED.matcher(Files.readString(page))
                            .results()
                            .map(m -> m.group(1).strip())
                            .toList());
        }
    }

    /** What a method prints. */
    private static String printed(Method method) throws ReflectiveOperationException {
        PrintStream before = System.out;
        var said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            method.invoke(null);
        } finally {
            System.setOut(before);
        }
        return said.toString(StandardCharsets.UTF_8).strip();
    }

    /** The code with this machine's folders and one epoch. */
    private String here(String body) {
        return body.replace("Path.of(\"test-data", "Path.of(\"" + ROOT + "/test-data")
                .replace("Path.of(\"net.", "Path.of(\"" + temp + "/net.")
                .replace("Path.of(\"checkpoints", "Path.of(\"" + temp + "/checkpoints")
                .replace(", 30);", ", 1);");
    }

    private Class<?> compile(String source) throws Exception {
        Path file = Files.writeString(temp.resolve("Page.java"), source);
        var compiler = ToolProvider.getSystemJavaCompiler();
        var messages = new StringWriter();
        try (var files = compiler.getStandardFileManager(null, null, null)) {
            boolean fine = compiler.getTask(
                            messages,
                            files,
                            null,
                            List.of(
                                    "-Xlint:all,-try,-processing,-path,-classfile",
                                    "-proc:none",
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    "-d",
                                    temp.toString()),
                            null,
                            files.getJavaFileObjects(file))
                    .call();
            assertThat(fine).as(messages + source).isTrue();
        }
        assertThat(messages.toString()).as("warnings").isEmpty();
        var loader = new URLClassLoader(new URL[] {temp.toUri().toURL()}, DocsTest.class.getClassLoader());
        return loader.loadClass("Page");
    }

    @Test
    void quotedLinesAreInTheFilesNamed() throws IOException {
        int lines = 0;
        for (Path page : pages()) {
            Matcher quoted = QUOTED.matcher(Files.readString(page));
            while (quoted.find()) {
                String file = dense(Files.readString(ROOT.resolve(quoted.group(1))));
                for (String line : quoted.group(2).strip().split("\n")) {
                    assertThat(file).as(quoted.group(1)).contains(dense(line));
                    lines++;
                }
            }
        }
        assertThat(lines).isGreaterThanOrEqualTo(4);
    }

    private static String dense(String source) {
        return source.replaceAll("\\s+", "");
    }

    @ParameterizedTest
    @MethodSource("pages")
    void linksLeadSomewhere(Path page) throws IOException {
        Matcher links = LINK.matcher(Files.readString(page));
        while (links.find()) {
            String[] link = links.group(1).split("#", -1);
            Path target = link[0].isEmpty() ? page : page.resolveSibling(link[0]);
            assertThat(target).as(links.group(1)).exists();
            if (link.length > 1) {
                List<String> anchors = HEADING.matcher(Files.readString(target))
                        .results()
                        .map(m -> m.group(1)
                                .toLowerCase()
                                .replaceAll("[^a-z0-9 -]", "")
                                .replace(' ', '-'))
                        .toList();
                assertThat(anchors).as(links.group(1)).contains(link[1]);
            }
        }
    }

    @Test
    void foldersOfTheArchitecturePageExist() throws IOException {
        String text = Files.readString(ROOT.resolve("docs/architecture.md"));
        String tree = text.substring(text.indexOf("## The folders"), text.indexOf("## The packages"));
        try (Stream<String> lines = tree.lines()) {
            assertThat(lines.filter(l -> l.matches("^[a-z][^ ]* {2,}.*")).map(l -> l.split(" ")[0]))
                    .hasSizeGreaterThan(8)
                    .allSatisfy(path -> assertThat(ROOT.resolve(path)).exists());
        }
    }
}
