using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace RateLimiter.TestServices;

/// <summary>An open stream of server-sent events.</summary>
public sealed class EventReader : IAsyncDisposable
{
    public const string ContentType = "text/event-stream";

    /// <summary>How long to wait for an event, on a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly HttpResponseMessage response;
    private readonly CancellationTokenSource closing = new();
    private readonly IAsyncEnumerator<SseItem<string>> events;
    private Task<bool>? next;
    private bool isClosed;

    private EventReader(HttpResponseMessage response, Stream body)
    {
        this.response = response;
        events = SseParser.Create(body).EnumerateAsync(closing.Token).GetAsyncEnumerator();
    }

    /// <summary>The headers of the response.</summary>
    public IReadOnlyDictionary<string, string> Headers =>
        response
            .Headers.Concat(response.Content.Headers)
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value));

    /// <param name="response">The response, of which only the headers have been read.</param>
    public static async Task<EventReader> OpenAsync(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentType?.MediaType != ContentType)
        {
            using (response)
            {
                Assert.Fail($"It is not a stream: {await Answer.ReadAsync(response)}");
            }
        }

        return new EventReader(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event. Fails when none comes.</summary>
    public async Task<StreamEvent> NextAsync() =>
        await TryNextAsync(Patience) ?? throw new AssertionException("The stream has ended.");

    /// <summary>The next event, or null when the service ends the stream.</summary>
    public Task<StreamEvent?> NextOrEndAsync() => TryNextAsync(Patience);

    /// <summary>The next events.</summary>
    public async Task<IReadOnlyList<StreamEvent>> NextAsync(int count)
    {
        var taken = new List<StreamEvent>();
        while (taken.Count < count)
        {
            taken.Add(await NextAsync());
        }

        return taken;
    }

    /// <summary>Waits until the service ends it; events before that are skipped.</summary>
    public async Task MustEndAsync(TimeSpan within)
    {
        while (await TryNextAsync(within) is not null) { }
    }

    public async ValueTask DisposeAsync()
    {
        if (isClosed)
        {
            return;
        }

        isClosed = true;
        await closing.CancelAsync();
        // The pending read ends with the response.
        response.Dispose();
        if (next is not null)
        {
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await events.DisposeAsync();
        closing.Dispose();
    }

    private async Task<StreamEvent?> TryNextAsync(TimeSpan within)
    {
        next ??= events.MoveNextAsync().AsTask();
        if (!await next.WaitAsync(within))
        {
            return null;
        }

        next = null;
        var it = events.Current;
        return new StreamEvent(
            long.Parse(it.EventId!.Split('-')[0], CultureInfo.InvariantCulture),
            it.EventType,
            JsonElement.Parse(it.Data),
            it.EventId
        );
    }
}

/// <param name="Id">Its id; of a stream with changes, the number of decisions in it.</param>
/// <param name="Name">Its type.</param>
/// <param name="Data">Its data.</param>
/// <param name="Position">Its whole id.</param>
public sealed record StreamEvent(long Id, string Name, JsonElement Data, string Position)
{
    /// <summary>The user of a decision.</summary>
    public string? User => Data.TryGetProperty("user_id", out var user) ? user.GetString() : null;
}
