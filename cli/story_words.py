"""What each kind of event and clock is called in the law's own words, for people at a terminal."""

from __future__ import annotations

from schema.events import EventType

EVENTS: dict[str, str] = {
    EventType.SUBMITTED: "nộp hồ sơ",
    EventType.FOUND_COMPLETE: "hồ sơ đầy đủ, chờ nộp phí, lệ phí",
    EventType.ACCEPTED: "tiếp nhận hồ sơ và hẹn trả kết quả",
    EventType.SUPPLEMENT_REQUESTED: "yêu cầu bổ sung hồ sơ",
    EventType.SUPPLEMENTED: "đã bổ sung hồ sơ",
    EventType.REFUSED: "từ chối giải quyết hồ sơ",
    EventType.FORWARDED: "chuyển cơ quan giải quyết",
    EventType.PROPOSED: "thẩm định, cho ý kiến",
    EventType.DUTY_REQUIRED: "chờ thực hiện nghĩa vụ tài chính",
    EventType.SUSPENDED: "tạm dừng tính thời hạn",
    EventType.RESUMED: "tiếp tục tính thời hạn",
    EventType.REDATED: "tính lại thời hạn",
    EventType.ANSWERED_IN_TIME: "trả lời: kịp",
    EventType.ANSWERED_LATE: "trả lời: không kịp",
    EventType.APOLOGY_SIGNED: "ký phiếu xin lỗi và hẹn lại (mẫu 04)",
    EventType.APPOINTMENT_MOVED: "hẹn lại ngày trả kết quả",
    EventType.APPROVED: "ký duyệt kết quả",
    EventType.WITHDRAWN: "yêu cầu rút hồ sơ",
    EventType.STOPPED: "dừng giải quyết hồ sơ",
    EventType.RETURNED: "trả kết quả",
    EventType.PAYMENT_ORDERED: "lập yêu cầu thanh toán",
    EventType.PAYMENT_OPENED: "mở trang thanh toán",
    EventType.PAYMENT_RECEIVED: "đã nộp phí, lệ phí",
    EventType.PAYMENT_FAILED: "thanh toán không thành",
    EventType.PAYMENT_SURPLUS: "nộp thừa, sẽ hoàn",
    EventType.PAYMENT_REFUNDED: "đã hoàn tiền",
    EventType.PROVIDER_CHOSEN: "chọn kênh thanh toán khác",
    EventType.PAYMENT_UNCERTAIN: "chưa rõ kết quả thanh toán",
    EventType.PAYMENT_LAPSED: "yêu cầu thanh toán cũ đã kết thúc",
    EventType.FEE_WAIVED: "không thu phí, lệ phí",
    EventType.REFUND_ASKED: "đề nghị hoàn phí, lệ phí",
    EventType.REFUND_APPROVED: "duyệt hoàn tiền",
    EventType.REFUND_REFUSED: "đơn vị thanh toán từ chối hoàn tiền",
    EventType.CLOCK_WARNED: "sắp đến hạn",
    EventType.CLOCK_ASKED: "hỏi kịp hay không kịp",
    EventType.CLOCK_BREACHED: "quá hạn",
    EventType.CLOCK_ESCALATED: "báo cáo cấp trên",
}

CLOCKS: dict[str, str] = {
    "acceptance": "trả lời hồ sơ trực tuyến",
    "forwarding": "chuyển hồ sơ",
    "promised": "hẹn trả",
    "statutory": "luật định",
    "step": "bước xử lý",
    "moved": "hẹn lại",
    "supplement": "bổ sung hồ sơ",
    "payment": "nộp phí, lệ phí",
    "collection": "nhận kết quả",
}

RUNGS: dict[str, str] = {
    "warn": "warned",
    "ask": "asked",
    "silence": "no answer",
    "remind": "reminded",
    "breach": "breached",
    "one_stop": "to the one-stop",
    "province": "to the province",
}

UNITS_OF_TERM: dict[str, str] = {
    "working_day": "ngày làm việc",
    "calendar_day": "ngày",
    "month": "tháng",
    "working_hour": "giờ làm việc",
    "hour": "giờ",
    "same_day": "trong ngày",
}
