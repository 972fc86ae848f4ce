using System.Globalization;
using Microsoft.JSInterop;

namespace RateLimiter.Dashboard.Formatting;

/// <summary>Times in the viewer's time zone. UTC before the browser has sent the zone, or if it is unknown here.</summary>
public sealed class ViewerClock(IJSRuntime browser)
{
    private TimeZoneInfo? zone;

    /// <summary>The label beside times: the zone's name, as browsers know it.</summary>
    public string ZoneName => zone?.Id ?? "UTC";

    /// <summary>Queries the browser, once.</summary>
    public async Task PrepareAsync()
    {
        if (zone is null)
        {
            var name = await browser.InvokeAsync<string?>("rateLimiter.timeZone");
            zone =
                name is not null && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var found)
                    ? found
                    : TimeZoneInfo.Utc;
        }
    }

    public DateTimeOffset ToLocal(DateTimeOffset time) =>
        TimeZoneInfo.ConvertTime(time, zone ?? TimeZoneInfo.Utc);

    /// <param name="time">Any time.</param>
    /// <param name="format">
    /// As of <see cref="DateTimeOffset.ToString(string)"/>; English, whatever the culture of the service.
    /// </param>
    public string Format(DateTimeOffset time, string format) =>
        ToLocal(time).ToString(format, CultureInfo.InvariantCulture);
}
