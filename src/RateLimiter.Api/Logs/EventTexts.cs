using System.Globalization;
using System.Text;
using System.Text.Json;
using AutoMapper;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Logs;

namespace RateLimiter.Api.Logs;

/// <summary>
/// Events as they are sent. All who follow a log get the same ones at about the same time, so that what was written for the
/// first of them is kept for the others: a place for each of the last ids, without a lock. At about 400 bytes each, 3 MB.
/// </summary>
internal sealed class EventTexts(IMapper mapper, IOptions<JsonOptions> json)
{
    private const int Places = 8192;

    private readonly Entry?[] entries = new Entry?[Places];

    /// <summary>An event, up to the empty line after it.</summary>
    public byte[] Of(DecisionEvent it)
    {
        if (it is not DecisionMade made)
        {
            return Write("gap", it.Id, new GapResponse(((DecisionsDropped)it).Count));
        }

        // Two clients may want the same place: the event itself says whose it is.
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

    // JSON has its line breaks escaped, so that it is one line.
    private byte[] Write<T>(string name, long id, T data) =>
        Encoding.UTF8.GetBytes(
            string.Create(
                CultureInfo.InvariantCulture,
                $"id: {id}\nevent: {name}\ndata: {JsonSerializer.Serialize(data, json.Value.JsonSerializerOptions)}\n\n"
            )
        );

    private sealed record Entry(DecisionMade Event, byte[] Text);
}
