package dev.fathom.serve.http;

/** A request that is answered by a status and a sentence. */
final class HttpException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;

    HttpException(int status, String message) {
        super(message);
        this.status = status;
    }

    int status() {
        return status;
    }
}
