using System.Buffers;
using System.Text.Json;

namespace RateLimiter.Api.Http.Json;

/// <summary>Writes JSON responses by hand.</summary>
internal static class JsonResponse
{
    private const string ContentType = "application/json; charset=utf-8";

    // Every member is written once, by code that is tested against the serializer.
    private static readonly JsonWriterOptions Options = new() { SkipValidation = true };

    // Read completely before anything is awaited.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? writer;

    /// <summary>Writes a short response, in one piece and with its Content-Length.</summary>
    /// <param name="response">The response, with its status and headers set.</param>
    /// <param name="state">What to write.</param>
    /// <param name="write">Writes it.</param>
    public static async Task WriteAsync<T>(
        HttpResponse response,
        T state,
        Action<Utf8JsonWriter, T> write
    )
    {
        Buffer(response, state, write);
        await response.BodyWriter.FlushAsync();
    }

    /// <summary>Writes a response that may be long, into the buffers of the connection.</summary>
    /// <inheritdoc cref="WriteAsync"/>
    public static async Task WriteLongAsync<T>(
        HttpResponse response,
        T state,
        Action<Utf8JsonWriter, T> write
    )
    {
        response.ContentType = ContentType;
        await using (var json = new Utf8JsonWriter(response.BodyWriter, Options))
        {
            write(json, state);
        }

        await response.BodyWriter.FlushAsync();
    }

    private static void Buffer<T>(HttpResponse response, T state, Action<Utf8JsonWriter, T> write)
    {
        buffer ??= new ArrayBufferWriter<byte>();
        writer ??= new Utf8JsonWriter(buffer, Options);
        buffer.ResetWrittenCount();
        writer.Reset();
        write(writer, state);
        writer.Flush();
        response.ContentType = ContentType;
        response.ContentLength = buffer.WrittenCount;
        response.BodyWriter.Write(buffer.WrittenSpan);
    }
}
