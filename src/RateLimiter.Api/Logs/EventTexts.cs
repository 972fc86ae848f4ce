using System.Text;
using System.Text.Json;
using AutoMapper;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Logs;

namespace RateLimiter.Api.Logs;

/// <summary>
/// The serialized form of events. All readers of a log receive the same events at about the same time, so that the text
/// written for the first reader is cached for the others: one slot for each of the latest ids, without a lock. At about 400
/// bytes each, 3 MB.
/// </summary>
internal sealed class EventTexts(IMapper mapper, IOptions<JsonOptions> json)
{
    private const int Places = 8192;

    private readonly Entry?[] entries = new Entry?[Places];

    /// <summary>An event, up to and including its terminating empty line.</summary>
    /// <param name="it">The event.</param>
    /// <param name="position">The position of the stream after it.</param>
    public byte[] Of(LogEvent it, StreamPosition position)
    {
        // The id of an event of a stream with changes depends on the stream.
        if (it is not EntryLogged logged || position.Changes is not null)
        {
            return Write(it, position);
        }

        // Events of two clients may map to the same slot: the cached event itself identifies its owner.
        ref var place = ref entries[logged.Id % Places];
        var entry = Volatile.Read(ref place);
        if (entry is null || !ReferenceEquals(entry.Event, logged))
        {
            entry = new Entry(logged, Write(logged, position));
            Volatile.Write(ref place, entry);
        }

        return entry.Text;
    }

    private byte[] Write(LogEvent it, StreamPosition position) =>
        it switch
        {
            EntryLogged { Log: var log, Entry: var entry } => Write(
                log == ClientLog.Decisions ? "decision" : "change",
                position,
                mapper.Map<LogEntryResponse>(entry)
            ),
            EntriesDropped gap => Write("gap", position, new GapResponse(gap.Count)),
            _ => throw new ArgumentOutOfRangeException(nameof(it)),
        };

    // JSON escapes line breaks, so that the data is one line.
    private byte[] Write<T>(string name, StreamPosition position, T data) =>
        Encoding.UTF8.GetBytes(
            $"id: {EventIdAttribute.Write(position)}\nevent: {name}\ndata: {JsonSerializer.Serialize(data, json.Value.JsonSerializerOptions)}\n\n"
        );

    private sealed record Entry(EntryLogged Event, byte[] Text);
}
