using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench;

/// <summary>Callers that follow a client's decisions, and read everything that is sent as fast as it arrives.</summary>
internal sealed class StreamReaders : IAsyncDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly HttpClient http;
    private readonly CancellationTokenSource closing = new();
    private readonly List<Task> reading = [];
    private long bytes;

    private StreamReaders(HttpClient http) => this.http = http;

    public double Megabytes => Interlocked.Read(ref bytes) / 1e6;

    /// <summary>Opens all streams.</summary>
    /// <exception cref="BenchException">The target refused one.</exception>
    public static async Task<StreamReaders> OpenAsync(Target target, int count)
    {
        var readers = new StreamReaders(target.CreateClient());
        for (var i = 0; i < count; i++)
        {
            var response = await readers.http.GetAsync(
                "/logs/stream",
                HttpCompletionOption.ResponseHeadersRead
            );
            if (!response.IsSuccessStatusCode)
            {
                throw new BenchException(
                    $"{target.Name} refused stream {i + 1}: {response.StatusCode}."
                );
            }

            readers.reading.Add(readers.ReadAsync(await response.Content.ReadAsStreamAsync()));
        }

        return readers;
    }

    /// <exception cref="BenchException">A stream has ended, so that fewer were measured.</exception>
    public void ThrowIfEnded()
    {
        if (reading.Count(task => task.IsCompleted) is > 0 and var ended)
        {
            throw new BenchException($"{ended} of {reading.Count} streams have ended.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await Task.WhenAll(reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        http.Dispose();
        closing.Dispose();
    }

    private async Task ReadAsync(Stream stream)
    {
        await using (stream)
        {
            var buffer = new byte[BufferSize];
            int count;
            while ((count = await stream.ReadAsync(buffer, closing.Token)) > 0)
            {
                Interlocked.Add(ref bytes, count);
            }
        }
    }
}
