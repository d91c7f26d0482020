package dev.fathom.experiments.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An HTTP server that does what a test wants, byte by byte, one connection for each request. */
public final class Loopback implements AutoCloseable {
    /**
     * What was asked for.
     *
     * @param path of the address
     * @param from the first byte of its Range, 0 without
     */
    public record Request(String path, int from) {}

    /** Answers one request. */
    public interface Answer {
        void to(Request request, OutputStream out) throws Exception;
    }

    private final List<Request> requests = new CopyOnWriteArrayList<>();

    private final ServerSocket socket;
    private final Answer answer;
    private final Thread thread = new Thread(this::serve, "loopback");

    public Loopback(Answer answer) throws IOException {
        this.answer = answer;
        socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        thread.setDaemon(true);
        thread.start();
    }

    /** So far, in their order. */
    public List<Request> requests() {
        return requests;
    }

    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + socket.getLocalPort() + path);
    }

    private void serve() {
        while (!socket.isClosed()) {
            try (Socket client = socket.accept()) {
                var in =
                        new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1));
                String path = in.readLine().split(" ")[1];
                int from = 0;
                for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
                    if (line.startsWith("Range: bytes=")) {
                        from = Integer.parseInt(line.substring(13, line.length() - 1));
                    }
                }
                Request request = new Request(path, from);
                requests.add(request);
                answer.to(request, client.getOutputStream());
            } catch (Exception e) {
                continue; // the client left, or the test is over
            }
        }
    }

    /** Status line and headers. */
    public static void head(OutputStream out, String status, String... headers) throws IOException {
        StringBuilder head = new StringBuilder("HTTP/1.1 " + status + "\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        out.write(head.append("Connection: close\r\n\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    /** What an honest server says of {@code body}. */
    public static void honest(Request request, OutputStream out, byte[] body) throws IOException {
        head(body.length, request.from, out);
        out.write(body, request.from, Math.max(0, body.length - request.from));
    }

    /** Its headers alone. */
    public static void head(int length, int from, OutputStream out) throws IOException {
        if (from > 0 && from >= length) {
            head(out, "416 Range Not Satisfiable", "Content-Range: bytes */" + length, "Content-Length: 0");
        } else if (from > 0) {
            head(
                    out,
                    "206 Partial Content",
                    "Content-Range: bytes " + from + "-" + (length - 1) + "/" + length,
                    "Content-Length: " + (length - from));
        } else {
            head(out, "200 OK", "Content-Length: " + length);
        }
    }

    @Override
    public void close() throws Exception {
        socket.close();
        thread.join(5000);
    }
}
