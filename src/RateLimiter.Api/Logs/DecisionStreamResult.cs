using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using RateLimiter.Api.Hosting;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Logs;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Logs;

/// <summary>Sends events for as long as the caller reads, is authorized to read, and the service runs.</summary>
/// <param name="events">The events to send.</param>
/// <param name="start">The position before the first event.</param>
/// <param name="scope">The scope that the caller's key must keep.</param>
internal sealed class DecisionStreamResult(
    IAsyncEnumerable<LogEvent> events,
    StreamPosition start,
    Scopes scope
) : IActionResult
{
    public const string ContentType = "text/event-stream";

    /// <summary>How often the key is validated again, while there is nothing to send.</summary>
    internal static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    /// <summary>Comments keep proxies from closing an idle connection, and detect callers that have disconnected.</summary>
    internal static readonly TimeSpan CommentInterval = TimeSpan.FromSeconds(15);

    /// <summary>How long a reader may read nothing before they are disconnected.</summary>
    internal static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The maximum that is written before a flush: no more than the server buffers before it waits.</summary>
    private const int MaxUnsent = 32 * 1024;

    public async Task ExecuteResultAsync(ActionContext context)
    {
        var http = context.HttpContext;
        var services = http.RequestServices;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            http.RequestAborted,
            services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping
        );
        // The first step comes before anything that can fail: when the enumeration ends, the caller's stream slot is free
        // again.
        var reader = events.GetAsyncEnumerator(ending.Token);
        var next = reader.MoveNextAsync().AsTask();
        try
        {
            Prepare(http);
            if (http.IsHead())
            {
                return;
            }

            var texts = services.GetRequiredService<EventTexts>();
            var time = services.GetRequiredService<TimeProvider>();
            using var timer = new PeriodicTimer(Tick, time);
            var tick = timer.WaitForNextTickAsync(ending.Token).AsTask();
            var commented = time.GetTimestamp();
            // The reconnect delay in milliseconds, for when this instance accepts no connections any more.
            http.Response.BodyWriter.Write("retry: 1000\n\n"u8);
            var unsent = 1;
            var position = start;
            while (true)
            {
                if (tick.IsCompleted)
                {
                    await tick;
                    if (!await MayReadAsync(http))
                    {
                        return;
                    }

                    if (time.GetElapsedTime(commented) >= CommentInterval)
                    {
                        commented = time.GetTimestamp();
                        http.Response.BodyWriter.Write(": comment\n\n"u8);
                        unsent++;
                    }

                    tick = timer.WaitForNextTickAsync(ending.Token).AsTask();
                }
                else if (next.IsCompleted && unsent < MaxUnsent)
                {
                    await next;
                    // A revoked key receives nothing more, not even what is queued between two validations.
                    if (unsent == 0 && !await MayReadAsync(http))
                    {
                        return;
                    }

                    position = position.After(reader.Current);
                    var text = texts.Of(reader.Current, position);
                    http.Response.BodyWriter.Write(text);
                    unsent += text.Length;
                    next = reader.MoveNextAsync().AsTask();
                }
                else if (unsent > 0)
                {
                    await SendAsync(http, time, ending.Token);
                    unsent = 0;
                }
                else
                {
                    await Task.WhenAny(next, tick);
                }
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The caller has disconnected, or the service is stopping.
        }
        catch (TimeoutException)
        {
            // The caller does not read. Decisions since then are not kept for them.
        }
        finally
        {
            await ending.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await reader.DisposeAsync();
        }
    }

    private static void Prepare(HttpContext http)
    {
        var response = http.Response;
        response.ContentType = ContentType;
        // Middleboxes that compress or minify would buffer events.
        response.Headers.CacheControl = "no-store, no-transform";
        // nginx would otherwise buffer the response until it is complete.
        response.Headers["X-Accel-Buffering"] = "no";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        // A slow reader is informed of the gap, and disconnected when they read nothing at all.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    private static async Task SendAsync(
        HttpContext http,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var sending = http.Response.BodyWriter.FlushAsync(cancellationToken);
        if (sending.IsCompleted)
        {
            await sending;
            return;
        }

        try
        {
            await sending.AsTask().WaitAsync(WriteTimeout, time, cancellationToken);
        }
        catch
        {
            // A normal end of the response would wait behind what the caller does not read.
            http.Abort();
            throw;
        }
    }

    private ValueTask<bool> MayReadAsync(HttpContext http) =>
        http
            .RequestServices.GetRequiredService<Authenticator>()
            .StillAdmitsAsync(http.Request.Headers[ApiKeyFilter.HeaderName], scope);
}
