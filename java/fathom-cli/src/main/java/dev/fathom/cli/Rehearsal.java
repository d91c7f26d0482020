package dev.fathom.cli;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Serves a small plan once, for an archive of the classes that this takes: {@code ./fathom} starts it with the options
 * by which a JVM writes one.
 */
final class Rehearsal {
    private Rehearsal() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        System.out.println(answer());
    }

    /** What {@code ./fathom serve} answers to four numbers. */
    static String answer() throws IOException, InterruptedException {
        Path file = Files.createTempFile("rehearsal", ".plan");
        PipedInputStream words = new PipedInputStream();
        try (BufferedReader said = new BufferedReader(new InputStreamReader(words, StandardCharsets.UTF_8));
                PrintStream out = new PrintStream(new PipedOutputStream(words), true, StandardCharsets.UTF_8)) {
            Sequential net = new Sequential(new Linear(4, 3).act(Activation.RELU), new Linear(3, 2));
            try (Model<Sequential> model = Model.of(net, 0);
                    Plan plan = Plan.freeze(model, Shape.of(1, 4))) {
                plan.save(file);
            }
            Thread service = new Thread(() -> {
                Main.run(out, System.err, "serve", file.toString(), "--port", "0");
                out.close();
            });
            service.start();
            try {
                return answer(address(said));
            } finally {
                service.interrupt();
                service.join();
            }
        } finally {
            Files.delete(file);
        }
    }

    /** The address of the page, which is the second word of the last line. */
    private static String address(BufferedReader said) throws IOException {
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            if (line.startsWith("Open ")) {
                return line.split(" ")[1];
            }
        }
        throw new IOException("the service did not start");
    }

    private static String answer(String page) throws IOException {
        URLConnection predict = URI.create(page + "predict").toURL().openConnection();
        predict.setDoOutput(true);
        try (OutputStream body = predict.getOutputStream()) {
            body.write("[1, 2, 3, 4]".getBytes(StandardCharsets.UTF_8));
        }
        try (InputStream answer = predict.getInputStream()) {
            return new String(answer.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
