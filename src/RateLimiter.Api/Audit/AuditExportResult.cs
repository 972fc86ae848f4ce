using System.Text.Json;
using AutoMapper;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Audit;

namespace RateLimiter.Api.Audit;

/// <summary>
/// Writes entries as lines of JSON, page by page, so that a trail of any length takes no more memory than one page.
/// </summary>
internal sealed class AuditExportResult(IAsyncEnumerable<AuditPage> pages, IMapper mapper)
    : IActionResult
{
    public const string ContentType = "application/x-ndjson";

    public async Task ExecuteResultAsync(ActionContext context)
    {
        var http = context.HttpContext;
        var response = http.Response;
        var options = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>();
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-store, no-transform";
        try
        {
            // Nothing is written before the first page is read: a store that fails immediately results in a 503.
            await foreach (var page in pages.WithCancellation(http.RequestAborted))
            {
                foreach (var entry in page.Entries)
                {
                    Write(response, entry, options.Value.JsonSerializerOptions);
                }

                await response.BodyWriter.FlushAsync(http.RequestAborted);
            }
        }
        catch (StoreUnavailableException) when (response.HasStarted)
        {
            // A normal end would look like the end of the trail.
            http.Abort();
        }
    }

    private void Write(HttpResponse response, AuditEntry entry, JsonSerializerOptions options)
    {
        using var json = new Utf8JsonWriter(response.BodyWriter);
        JsonSerializer.Serialize(json, mapper.Map<AuditEntryResponse>(entry), options);
        json.Flush();
        var line = response.BodyWriter.GetSpan(1);
        line[0] = (byte)'\n';
        response.BodyWriter.Advance(1);
    }
}
