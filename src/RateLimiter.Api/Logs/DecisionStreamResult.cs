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

/// <summary>Answers with events for as long as the caller reads, may read, and the service runs.</summary>
/// <param name="events">What is sent.</param>
/// <param name="scope">What the caller's key must stay good for.</param>
internal sealed class DecisionStreamResult(IAsyncEnumerable<DecisionEvent> events, Scopes scope)
    : IActionResult
{
    public const string ContentType = "text/event-stream";

    /// <summary>How often it is looked whether the key is still good, while there is nothing to send.</summary>
    internal static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    /// <summary>It keeps proxies from ending what is silent, and finds out who has gone.</summary>
    internal static readonly TimeSpan CommentInterval = TimeSpan.FromSeconds(15);

    /// <summary>How long a reader may take nothing before he is disconnected.</summary>
    internal static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The most that is written before it is sent: no more than the server keeps before it waits.</summary>
    private const int MaxUnsent = 32 * 1024;

    public async Task ExecuteResultAsync(ActionContext context)
    {
        var http = context.HttpContext;
        var services = http.RequestServices;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            http.RequestAborted,
            services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping
        );
        // The first step comes before all that can fail: with the end of the events, the caller's place is free again.
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
            // How soon a caller comes again, in milliseconds: when this instance does not take connections any more.
            http.Response.BodyWriter.Write("retry: 1000\n\n"u8);
            var unsent = 1;
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
                    // A revoked key gets nothing more, not even what waits between two looks.
                    if (unsent == 0 && !await MayReadAsync(http))
                    {
                        return;
                    }

                    var text = texts.Of(reader.Current);
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
            // The caller has gone, or the service is about to.
        }
        catch (TimeoutException)
        {
            // He does not read. What was decided since then waits for nobody.
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
        // What compresses or minifies on the way would keep events until it has enough of them.
        response.Headers.CacheControl = "no-store, no-transform";
        // What nginx would take for a short answer, and keep until it is complete.
        response.Headers["X-Accel-Buffering"] = "no";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        // A slow reader is told what he missed, and disconnected when he reads nothing at all.
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
            // The end of the answer would wait behind what the caller does not read.
            http.Abort();
            throw;
        }
    }

    private ValueTask<bool> MayReadAsync(HttpContext http) =>
        http
            .RequestServices.GetRequiredService<Authenticator>()
            .StillAdmitsAsync(http.Request.Headers[ApiKeyFilter.HeaderName], scope);
}
