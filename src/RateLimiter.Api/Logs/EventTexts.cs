using System.Globalization;
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
    public byte[] Of(DecisionEvent it)
    {
        if (it is not DecisionMade made)
        {
            return Write("gap", it.Id, new GapResponse(((DecisionsDropped)it).Count));
        }

        // Events of two clients may map to the same slot: the cached event itself identifies its owner.
        ref var place = ref entries[made.Id % Places];
        var entry = Volatile.Read(ref place);
        if (entry is null || !ReferenceEquals(entry.Event, made))
        {
            entry = new Entry(
                made,
                Write("decision", made.Id, mapper.Map<LogEntryResponse>(made.Decision))
            );
            Volatile.Write(ref place, entry);
        }

        return entry.Text;
    }

    // JSON escapes line breaks, so that the data is one line.
    private byte[] Write<T>(string name, long id, T data) =>
        Encoding.UTF8.GetBytes(
            string.Create(
                CultureInfo.InvariantCulture,
                $"id: {id}\nevent: {name}\ndata: {JsonSerializer.Serialize(data, json.Value.JsonSerializerOptions)}\n\n"
            )
        );

    private sealed record Entry(DecisionMade Event, byte[] Text);
}
