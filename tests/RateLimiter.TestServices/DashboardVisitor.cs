using System.Net;
using System.Text.RegularExpressions;

namespace RateLimiter.TestServices;

/// <summary>A dashboard client without a browser: keeps cookies, submits forms, follows no redirects.</summary>
public sealed partial class DashboardVisitor(Service service)
{
    public const string SignInPath = "/dashboard/sign-in";
    public const string SessionCookie = "ratelimiter-session";

    private static readonly HttpClient Http = new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
        }
    );

    private Dictionary<string, string> cookies = [];

    /// <summary>A client with a copy of the current cookies, at the same or another instance.</summary>
    public DashboardVisitor On(Service other) => new(other) { cookies = new(cookies) };

    public bool HasSession => cookies.ContainsKey(SessionCookie);

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, path, null, headers);

    /// <summary>Loads the sign-in page and sends its form.</summary>
    public async Task<Answer> SignInAsync(
        string key,
        string? returnTo = null,
        params (string Name, string Value)[] headers
    )
    {
        var page = (
            await GetAsync($"{SignInPath}?return={Uri.EscapeDataString(returnTo ?? "")}", headers)
        ).MustBeOk();
        return await SendFormAsync(
            SignInPath,
            headers,
            ("__RequestVerificationToken", TokenIn(page)),
            ("return", ReturnIn(page)),
            ("key", key)
        );
    }

    /// <summary>Submits the form of a page as a signed-in caller.</summary>
    public async Task<Answer> SignOutAsync(params (string Name, string Value)[] headers)
    {
        var page = (await GetAsync("/dashboard/", headers)).MustBeOk();
        return await SendFormAsync(
            "/dashboard/sign-out",
            headers,
            ("__RequestVerificationToken", TokenIn(page))
        );
    }

    public Task<Answer> SendFormAsync(
        string path,
        (string Name, string Value)[] headers,
        params (string Name, string Value)[] fields
    ) =>
        SendAsync(
            HttpMethod.Post,
            path,
            new FormUrlEncodedContent(
                fields.Select(field => KeyValuePair.Create(field.Name, field.Value))
            ),
            headers
        );

    private async Task<Answer> SendAsync(
        HttpMethod method,
        string path,
        HttpContent? content,
        (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(method, new Uri(service.Address, path));
        request.Content = content;
        request.Headers.TryAddWithoutValidation(
            "Cookie",
            string.Join("; ", cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"))
        );
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Http.SendAsync(request);
        var answer = await Answer.ReadAsync(response);
        if (answer.Headers.TryGetValue("Set-Cookie", out var set))
        {
            foreach (Match cookie in Cookie().Matches(set))
            {
                cookies[cookie.Groups[1].Value] = cookie.Groups[2].Value;
                if (cookie.Groups[2].Value is "")
                {
                    cookies.Remove(cookie.Groups[1].Value);
                }
            }
        }

        return answer;
    }

    private static string TokenIn(Answer page) => Token().Match(page.Text).Groups[1].Value;

    private static string ReturnIn(Answer page) =>
        WebUtility.HtmlDecode(Return().Match(page.Text).Groups[1].Value);

    [GeneratedRegex("(ratelimiter-[a-z]+)=([^;,]*)")]
    private static partial Regex Cookie();

    [GeneratedRegex("name=\"__RequestVerificationToken\"[^>]* value=\"([^\"]+)\"")]
    private static partial Regex Token();

    [GeneratedRegex("name=\"return\"[^>]* value=\"([^\"]*)\"")]
    private static partial Regex Return();
}
