using System.Net.Http.Headers;
using System.Text;

namespace RateLimiter.TestServices;

/// <summary>An HTTP client without an API key.</summary>
public class ApiClient(Service service)
{
    // One for all, because each has its own connection pool.
    private static readonly HttpClient Http = new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            // The tests create their own certificates, which no machine trusts.
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    certificate is not null,
            },
        }
    );

    protected Service Service => service;

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, string body) =>
        SendAsync(HttpMethod.Post, path, body);

    /// <summary>Registers a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="forwardedFor">The header X-Forwarded-For, as a proxy would write it.</param>
    /// <param name="token">The registration token, if one is required.</param>
    public Task<Answer> RegisterAsync(
        string name,
        string? forwardedFor = null,
        string? token = null
    )
    {
        (string Name, string? Value)[] headers =
        [
            ("X-Forwarded-For", forwardedFor),
            ("X-Registration-Token", token),
        ];
        return SendAsync(
            HttpMethod.Post,
            "/register",
            new Json { ["name"] = name }.ToString(),
            [
                .. headers
                    .Where(header => header.Value is not null)
                    .Select(header => (header.Name, header.Value!)),
            ]
        );
    }

    /// <summary>Sends a request, with a JSON body when there is one.</summary>
    public Task<Answer> SendAsync(
        HttpMethod method,
        string path,
        string? body = null,
        params (string Name, string Value)[] headers
    ) => SendAsync(method, path, body is null ? null : JsonContent(body), headers);

    public async Task<Answer> SendAsync(
        HttpMethod method,
        string path,
        HttpContent? content,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(method, new Uri(service.Address, path));
        request.Content = content;
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        Prepare(request);
        using var response = await Http.SendAsync(
            request,
            HttpCompletionOption.ResponseHeadersRead
        );
        return await Answer.ReadAsync(response);
    }

    /// <summary>Follows a stream of events; any other response fails the test.</summary>
    public async Task<EventReader> StreamAsync(
        string path,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(service.Address, path));
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        Prepare(request);
        return await EventReader.OpenAsync(
            await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead)
        );
    }

    protected virtual void Prepare(HttpRequestMessage request) { }

    private static ByteArrayContent JsonContent(string body) =>
        new(Encoding.UTF8.GetBytes(body))
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
        };
}
